import { useSignal } from '@preact/signals';
import { Button, Chip, Foreign, Heading, type Tone } from '../parts/basics.tsx';
import { bound, Choice, TextField } from '../parts/field.tsx';
import { Empty } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { kKinds, text, useEvents, type EventData, type Kind } from '../events.ts';
import { useRested } from '../load.ts';
import { asciiName, octets, withDot, withoutDot } from '../text.ts';
import { seconds } from '../time.ts';

const kMost = 500;

interface Row {
  id: number;
  kind: Kind;
  data: EventData;
}

const kTones: Record<Kind, Tone> = {
  commit: 'info',
  transfer: 'ok',
  'broken off': 'bad',
  refused: 'bad',
  notify: 'off',
  proven: 'ok',
  alarm: 'warning',
  gap: 'warning',
};

function details(kind: Kind, data: EventData): string {
  const is = (name: string) => text(data, name);
  const joined = (...parts: string[]) => parts.filter(Boolean).join(' · ');
  const size = Number(data['bytes'] ?? data['octets'] ?? NaN);
  const time = is('ms') || is('total_ms');
  switch (kind) {
    case 'commit':
      return joined(is('verb'), is('who'), is('serial') && `serial ${is('serial')}`, is('what'), is('reason'));
    case 'transfer':
    case 'broken off':
      return joined(is('kind'), Number.isNaN(size) ? '' : octets(size), time && `${time} ms`, is('reason'));
    case 'refused':
      return joined(is('kind'), is('reason'), is('transport'), is('result'), is('key') && `key ${is('key')}`);
    case 'notify':
      return joined(
        is('serial') && `serial ${is('serial')}`,
        is('attempt') && `attempt ${is('attempt')}`,
        is('answer') || is('result'),
        is('why'),
      );
    case 'proven':
      return joined(
        `has serial ${is('serial')}`,
        data['seconds'] === undefined ? '' : `after ${seconds(Number(data['seconds']))}`,
        is('secondaries') && `${Number(is('secondaries')) - Number(is('behind'))} of ${is('secondaries')} have it`,
      );
    case 'alarm':
      return is('text');
    case 'gap':
      return 'Some events were missed here.';
  }
}

const kColumns: Column<Row>[] = [
  { title: 'When', cell: ({ data }) => <When at={Number(data['time_ms']) / 1000} as="clock" /> },
  { title: 'Event', cell: ({ kind }) => <Chip tone={kTones[kind]}>{kind}</Chip> },
  { title: 'Zone', cell: ({ data }) => <Foreign text={withoutDot(text(data, 'zone'))} /> },
  {
    title: 'Secondary',
    look: 'mono',
    cell: ({ data }) => <Foreign text={text(data, 'peer') || text(data, 'secondary')} />,
  },
  { title: 'Details', look: 'wide', cell: ({ kind, data }) => <Foreign text={details(kind, data)} /> },
];

let nextId = 0;

export function Live() {
  const zone = useSignal('');
  const secondary = useSignal('');
  const kind = useSignal('');
  const isPaused = useSignal(false);
  const rows = useSignal<Row[]>([]);
  const restedZone = useRested(zone.value.trim());
  const restedSecondary = useRested(secondary.value.trim());
  const wanted = {
    zone: restedZone ? withDot(asciiName(restedZone)) : undefined,
    secondary: restedSecondary || undefined,
  };
  useEvents(
    wanted,
    (kind, data) => {
      rows.value = [{ id: ++nextId, kind, data: { time_ms: Date.now(), ...data } }, ...rows.value].slice(0, kMost);
    },
    !isPaused.value,
  );
  const shown = kind.value === '' ? rows.value : rows.value.filter((row) => row.kind === kind.value);
  return (
    <>
      <Heading
        title="Live"
        actions={
          <Button
            icon={isPaused.value ? 'play' : 'pause'}
            isPressed={isPaused.value}
            test="live-pause"
            onClick={() => {
              isPaused.value = !isPaused.value;
            }}
          >
            {isPaused.value ? 'Go on' : 'Pause'}
          </Button>
        }
      />
      <div class="toolbar">
        <TextField label="Zone" {...bound(zone)} isMono test="live-zone" />
        <TextField label="Secondary" {...bound(secondary)} isMono test="live-secondary" placeholder="192.0.2.1@53" />
        <Choice
          label="Event"
          value={kind.value}
          test="live-kind"
          onChange={(value) => {
            kind.value = value;
          }}
          options={[['', 'All'], ...kKinds.map((each): [string, string] => [each, each])]}
        />
      </div>
      {shown.length === 0 ? (
        <Empty icon="live" title={isPaused.value ? 'Paused' : 'Waiting for events'}>
          <p>Commits, NOTIFYs, transfers and refusals appear here as they happen.</p>
        </Empty>
      ) : (
        <Table
          label="Events"
          columns={kColumns}
          rows={shown}
          keyOf={({ id }) => String(id)}
          test="live-table"
          rowTest="live-row"
        />
      )}
      {rows.value.length === kMost && <p class="quiet">The last {kMost} events are kept.</p>}
    </>
  );
}
