import { get } from '../api.ts';
import { Button, Card, Chip, Fact, Facts, Foreign, Heading } from '../parts/basics.tsx';
import { say } from '../parts/outcome.tsx';
import { Failure, Show } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { saveFile } from '../records/zone_text.tsx';
import { useDoing, useLoad, type Loaded } from '../load.ts';
import { mayEverywhere } from '../session.ts';
import { count, visible } from '../text.ts';
import { span } from '../time.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

interface Status extends JsonObject {
  version: string;
  pid: number;
  state: string;
  uptime_seconds: number;
  zones: number;
  tcp_sessions: number;
  transfers_under_way: number;
  role: string;
  store: { writable: boolean; trouble: string | null; since: number | null };
}

interface Option {
  option: string;
  values: string[];
  by: string | null;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function words(name: string): string {
  return name.replace(/_/g, ' ');
}

function scalar(value: Json): string {
  if (typeof value === 'number') return Number.isInteger(value) ? count(value) : String(value);
  return value === null ? '–' : visible(String(value));
}

// The counters of one part, with those below it indented by their names: "tcp closed idle".
function flattened(value: Json, prefix: string): [string, Json][] {
  if (!isObject(value)) return Array.isArray(value) ? [] : [[prefix, value]];
  return Object.entries(value).flatMap(([name, each]) =>
    flattened(each, prefix ? `${prefix} ${words(name)}` : words(name)),
  );
}

function Counters({ title, value }: { title: string; value: Json | undefined }) {
  const all = value === undefined ? [] : flattened(value, '').filter(([, each]) => each !== 0);
  return (
    <div class="counters">
      <h3>{title}</h3>
      {all.length === 0 ? (
        <p class="quiet">All are 0.</p>
      ) : (
        <dl>
          {all.map(([name, each]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="number">{scalar(each)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

// A table of objects whose fields are not all the same.
function Objects({ label, of }: { label: string; of: Json | undefined }) {
  const rows = Array.isArray(of) ? of.filter(isObject) : [];
  if (rows.length === 0) return <p class="quiet">None.</p>;
  const flat = rows.map((row, at) => ({ at, values: new Map(flattened(row, '')) }));
  const names = [...new Set(flat.flatMap((row) => [...row.values.keys()]))];
  const columns = names.map(
    (name): Column<{ at: number; values: Map<string, Json> }> => ({
      title: name,
      cell: (row) => scalar(row.values.get(name) ?? null),
    }),
  );
  return <Table label={label} columns={columns} rows={flat} keyOf={(row) => String(row.at)} />;
}

const kOptions: Column<Option>[] = [
  { title: 'Option', look: 'mono', cell: ({ option }) => option },
  {
    title: 'Value',
    look: 'wide',
    cell: ({ values }) => (
      <span class="mono">
        <Foreign text={values.join(', ')} />
      </span>
    ),
  },
  { title: 'Said by', cell: ({ by }) => (by ? <Foreign text={by} /> : <span class="quiet">by itself</span>) },
];

function Config({ of }: { of: Loaded<{ options: Option[] }> }) {
  return (
    <Card title="Configuration in force" test="config">
      <Show of={of}>
        {({ options }) => (
          <Table label="Configuration in force" columns={kOptions} rows={options} keyOf={({ option }) => option} />
        )}
      </Show>
    </Card>
  );
}

function Bundle() {
  const doing = useDoing();
  const make = () =>
    void doing.run(async () => {
      const [status, stats] = await Promise.all([get<Json>('status'), get<Json>('stats')]);
      const config = mayEverywhere('admin') ? await get<Json>('config') : null;
      const bundle = { made: new Date().toISOString(), browser: navigator.userAgent, status, stats, config };
      saveFile('axfrd-support.json', `${JSON.stringify(bundle, null, 2)}\n`, 'application/json');
      say('The support bundle was downloaded.');
    });
  return (
    <>
      <Button icon="download" onClick={make} isBusy={doing.isBusy} test="support-bundle">
        Download a support bundle
      </Button>
      {doing.error !== undefined && <Failure error={doing.error} />}
    </>
  );
}

function AdminConfig() {
  return <Config of={useLoad('config', (signal) => get<{ options: Option[] }>('config', {}, { signal }))} />;
}

export function Server() {
  const status = useLoad('status', (signal) => get<Status>('status', {}, { signal }), 5);
  const stats = useLoad('stats', (signal) => get<JsonObject>('stats', {}, { signal }), 5);
  return (
    <>
      <Heading title="Server" actions={<Bundle />} />
      <div class="stack">
        <Card title="State" test="status">
          <Show of={status}>
            {(data) => (
              <>
                <div class="chips">
                  <Chip tone={data.state === 'serving' ? 'ok' : 'warning'}>{data.state}</Chip>
                  <Chip tone="info">{data.role}</Chip>
                  <Chip tone={data.store.writable ? 'ok' : 'bad'}>
                    {data.store.writable ? 'store writable' : 'store cannot be written'}
                  </Chip>
                </div>
                {data.store.trouble && (
                  <p class="reason">
                    <Foreign text={data.store.trouble} /> since <When at={data.store.since} />
                  </p>
                )}
                <Facts>
                  <Fact term="Version">{data.version}</Fact>
                  <Fact term="Running for">{span(data.uptime_seconds)}</Fact>
                  <Fact term="Process">
                    <span class="number">{data.pid}</span>
                  </Fact>
                  <Fact term="Zones">
                    <span class="number">{count(data.zones)}</span>
                  </Fact>
                  <Fact term="TCP sessions">
                    <span class="number">{count(data.tcp_sessions)}</span>
                  </Fact>
                  <Fact term="Transfers under way">
                    <span class="number">{count(data.transfers_under_way)}</span>
                  </Fact>
                </Facts>
              </>
            )}
          </Show>
        </Card>
        <Show of={stats}>
          {(data) => (
            <>
              <Card title="Ports">
                <Objects label="Ports" of={data['ports']} />
              </Card>
              <Card title="Workers">
                <Objects label="Workers" of={data['workers']} />
              </Card>
              <Card title="Counters since the start" test="counters">
                <div class="counter-grid">
                  {['udp', 'tcp', 'notify', 'zones', 'alias', 'kernel_path', 'buffers', 'endings', 'log'].map(
                    (name) => (
                      <Counters
                        key={name}
                        title={name === 'udp' || name === 'tcp' ? name.toUpperCase() : words(name)}
                        value={data[name]}
                      />
                    ),
                  )}
                </div>
              </Card>
            </>
          )}
        </Show>
        {mayEverywhere('admin') ? (
          <AdminConfig />
        ) : (
          <p class="quiet">The configuration in force is shown to those with the role admin and all zones.</p>
        )}
        <p class="quiet">
          <a href="/licences.txt">Licences of what this console is made of</a>
        </p>
      </div>
    </>
  );
}
