import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { get, post } from '../api.ts';
import { Button, Card, Chip, Foreign, Heading, Name } from '../parts/basics.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { lazy } from '../parts/lazy.tsx';
import { say } from '../parts/outcome.tsx';
import { Empty, Show } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { now, When } from '../parts/when.tsx';
import { useDoing, useLoad } from '../load.ts';
import { link } from '../route.ts';
import { may } from '../session.ts';
import { count, counted } from '../text.ts';
import { span } from '../time.ts';
import type { Chart, Debt, Host, Replication as Answer } from '../types.ts';

const Plot = lazy(async () => (await import('../parts/plot.tsx')).Plot);

function SummaryCard({ look, title, children }: { look: IconName; title: string; children: ComponentChildren }) {
  return (
    <div class={`summary ${look}`} data-test="summary">
      <Icon name={look} />
      <div>
        <strong>{title}</strong>
        <p>{children}</p>
      </div>
    </div>
  );
}

function Summary({ data }: { data: Answer }) {
  const { zones, behind_zones: behind, debts } = data;
  const oldest = debts[0] && <>The oldest has waited for {span(now.value - debts[0].behind_since)}.</>;
  if (zones === undefined) {
    return debts.length === 0 ? (
      <SummaryCard look="ok" title="Your zones are with all their secondaries">
        Those that have Secondary DNS.
      </SummaryCard>
    ) : (
      <SummaryCard
        look="behind"
        title={`${counted(new Set(debts.map(({ zone }) => zone)).size, 'zone is', 'zones are')} behind`}
      >
        {oldest}
      </SummaryCard>
    );
  }
  if (zones === 0) {
    return (
      <SummaryCard look="off" title="No zone has Secondary DNS yet">
        Open a zone, and configure it under Secondary DNS.
      </SummaryCard>
    );
  }
  if (behind === 0) {
    const all = zones === 1 ? 'The zone is' : `All ${count(zones)} zones are`;
    return (
      <SummaryCard look="ok" title={`${all} with all their secondaries`}>
        {counted(data.pairs ?? 0, 'pair')} of a zone and a secondary, at {counted(data.hosts.length, 'host')}.
      </SummaryCard>
    );
  }
  const hosts = data.hosts.filter((host) => host.behind > 0).length;
  const at = `behind at ${counted(hosts, 'secondary', 'secondaries')}`;
  if (typeof behind !== 'number') {
    return (
      <SummaryCard look="behind" title={`Very many zones are ${at}`}>
        {oldest}
      </SummaryCard>
    );
  }
  return (
    <SummaryCard look="behind" title={`${counted(behind, 'zone is', 'zones are')} ${at}`}>
      {count(zones - behind)} of {count(zones)} zones are with all their secondaries. {oldest}
    </SummaryCard>
  );
}

const kDebts: Column<Debt>[] = [
  {
    title: 'Zone',
    cell: (debt) => (
      <a href={link('zones', debt.zone, 'secondary')}>
        <Name name={debt.zone} isShort />
      </a>
    ),
  },
  { title: 'Secondary', look: 'mono', cell: (debt) => <Foreign text={debt.secondary} /> },
  { title: 'Since', cell: (debt) => <When at={debt.behind_since} /> },
  {
    title: 'Has / wants',
    look: 'mono',
    cell: (debt) => (
      <span class="line">
        {debt.has_serial ?? 'unknown'} → {debt.serial}
      </span>
    ),
  },
  { title: 'Why', look: 'wide', cell: (debt) => <Foreign text={debt.reason_text ?? debt.state} /> },
];

function HostState({ host }: { host: Host }) {
  if (!host.answers) return <Chip tone="bad">does not answer</Chip>;
  if (host.ahead > 0) return <Chip tone="bad">{count(host.ahead)} ahead</Chip>;
  if (host.behind > 0) return <Chip tone="behind">behind</Chip>;
  return <Chip tone="ok">in step</Chip>;
}

function Notify({ host }: { host: string }) {
  const doing = useDoing();
  const notify = () =>
    void doing.run(async () => {
      try {
        await post('notify', { secondary: host });
        say(`NOTIFY goes to ${host}.`);
      } catch (error) {
        say(error instanceof Error ? error.message : String(error), 'bad');
      }
    });
  return (
    <Button icon="bell" onClick={notify} isBusy={doing.isBusy} label={`Notify ${host}`} test="host-notify">
      Notify
    </Button>
  );
}

function hostColumns(): Column<Host>[] {
  const columns: Column<Host>[] = [
    { title: 'Host', look: 'mono', cell: (host) => <Foreign text={host.host} /> },
    { title: 'State', cell: (host) => <HostState host={host} /> },
    { title: 'Zones', look: 'number', cell: (host) => count(host.pairs) },
    { title: 'Behind', look: 'number', cell: (host) => count(host.behind) },
    {
      title: 'Oldest',
      look: 'wide',
      cell: (host) =>
        host.oldest_debt === 0 ? (
          <span class="quiet">none</span>
        ) : (
          <>
            <When at={host.oldest_debt} />
            {host.oldest_zone && (
              <>
                {' '}
                <a href={link('zones', host.oldest_zone, 'secondary')}>
                  <Name name={host.oldest_zone} isShort />
                </a>
              </>
            )}
          </>
        ),
    },
    { title: 'Last sign of life', cell: (host) => <When at={host.alive_at} /> },
  ];
  if (may('editor')) columns.push({ title: 'Actions', look: 'acts', cell: (host) => <Notify host={host.host} /> });
  return columns;
}

// What a chart says, for those who do not see it.
function inWords({ behind, oldest, step, end }: Chart, series: 'behind' | 'oldest'): string {
  const values = (series === 'behind' ? behind : oldest).filter((value) => value !== null);
  if (values.length === 0) return 'Nothing was recorded yet.';
  const most = Math.max(...values);
  const all = series === 'behind' ? behind : oldest;
  const at = end - (all.length - 1 - all.lastIndexOf(most)) * step;
  const text = (value: number) => (series === 'behind' ? counted(value, 'pair') : span(value));
  return `Now ${text(values.at(-1)!)}; at most ${text(most)}, at ${new Date(at * 1000).toLocaleTimeString('en-GB')}.`;
}

function Charts({ charts }: { charts: NonNullable<Answer['charts']> }) {
  const range = useSignal<'hour' | 'day'>('hour');
  const chart = charts[range.value];
  const kinds: ['behind' | 'oldest', string][] = [
    ['behind', 'Pairs behind'],
    ['oldest', 'Age of the oldest debt'],
  ];
  return (
    <Card
      title="Over time"
      actions={
        <div class="segments" role="group" aria-label="Range">
          {(['hour', 'day'] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={range.value === each}
              data-test={`chart-${each}`}
              onClick={() => {
                range.value = each;
              }}
            >
              {each === 'hour' ? 'Last hour' : 'Last day'}
            </button>
          ))}
        </div>
      }
    >
      <div class="plots">
        {kinds.map(([series, label]) => (
          <figure key={series}>
            <figcaption>
              <strong>{label}</strong> <span class="quiet">{inWords(chart, series)}</span>
            </figcaption>
            <div class="plot-place">
              <Plot chart={chart} series={series} label={label} />
            </div>
          </figure>
        ))}
      </div>
    </Card>
  );
}

function debtsTitle({ behind_pairs = 0, debts }: Answer): string {
  return behind_pairs > debts.length
    ? `Behind now: the oldest ${debts.length} of ${count(behind_pairs)}`
    : 'Behind now';
}

export function Replication() {
  const answer = useLoad('replication', (signal) => get<Answer>('console/replication', {}, { signal }), 5);
  return (
    <>
      <Heading title="Replication" />
      <Show of={answer} rows={10}>
        {(data) => (
          <div class="stack">
            <Summary data={data} />
            {data.debts.length > 0 && (
              <Card title={debtsTitle(data)}>
                <Table
                  label="Behind now, oldest first"
                  columns={kDebts}
                  rows={data.debts}
                  test="debts"
                  rowTest="debt"
                  keyOf={(debt) => `${debt.zone} ${debt.secondary}`}
                />
              </Card>
            )}
            {data.zones !== undefined && (
              <Card title="Secondaries">
                {data.hosts.length === 0 ? (
                  <Empty icon="replication" title="No secondaries yet" />
                ) : (
                  <Table
                    label="Secondaries"
                    columns={hostColumns()}
                    rows={data.hosts}
                    keyOf={(host) => host.host}
                    test="hosts"
                    rowTest="host"
                  />
                )}
              </Card>
            )}
            {data.charts && <Charts charts={data.charts} />}
          </div>
        )}
      </Show>
    </>
  );
}
