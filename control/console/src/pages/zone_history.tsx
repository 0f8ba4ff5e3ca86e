import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../api.ts';
import { Button, Card, Foreign } from '../parts/basics.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Diff } from '../parts/diff.tsx';
import { Choice } from '../parts/field.tsx';
import { Rollback } from '../parts/rollback.tsx';
import { Empty, Show } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { useLoad } from '../load.ts';
import { may } from '../session.ts';
import type { Committed, Difference, Step } from '../types.ts';

interface ZoneHistoryProps {
  zone: string;
  version: number;
  onCommitted: (committed: Committed) => void;
}

interface Pair {
  from: number;
  to: number;
}

function Compared({ zone, pair, onClose }: { zone: string; pair: Pair; onClose: () => void }) {
  const difference = useLoad(`${zone} ${pair.from} ${pair.to}`, (signal) => {
    return get<Difference>('zone.diff', { zone, from: pair.from, to: pair.to }, { signal });
  });
  return (
    <Dialog title={`From serial ${pair.from} to ${pair.to}`} onClose={onClose} isWide test="compared">
      <Show of={difference}>{({ removed, added }) => <Diff removed={removed} added={added} />}</Show>
    </Dialog>
  );
}

export function ZoneHistory({ zone, version, onCommitted }: ZoneHistoryProps) {
  const history = useLoad(`${zone} history`, (signal) => {
    return get<{ serial: number; steps: Step[] }>('zone.history', { zone }, { signal });
  });
  useEffect(() => {
    if (version > 0) history.reload();
  }, [version]);
  const compared = useSignal<Pair | null>(null);
  const back = useSignal<number | null>(null);
  const from = useSignal('');
  const to = useSignal('');

  const columns: Column<Step>[] = [
    { title: 'Serial', look: 'number', cell: (step) => step.to },
    { title: 'When', cell: (step) => <When at={step.time} /> },
    { title: 'Who', look: 'wide', cell: (step) => <Foreign text={step.by ?? 'not known'} /> },
    {
      title: 'Change',
      cell: (step) => (
        <span class="number">
          <span class="plus">+{step.added}</span> <span class="minus">−{step.removed}</span>
        </span>
      ),
    },
    {
      title: 'Actions',
      look: 'acts',
      cell: (step) => (
        <span class="acts-inner">
          <Button
            test="history-diff"
            label={`Changes of serial ${step.to}`}
            onClick={() => {
              compared.value = { from: step.from, to: step.to };
            }}
          >
            Changes
          </Button>
          {may('editor') && (
            <Button
              icon="undo"
              test="history-rollback"
              onClick={() => {
                back.value = step.from;
              }}
            >
              Go back to {step.from}
            </Button>
          )}
        </span>
      ),
    },
  ];
  return (
    <Show of={history} rows={8}>
      {({ steps }) => {
        if (steps.length === 0) {
          return (
            <Empty icon="behind" title="No steps yet">
              <p>Each commit becomes a step here, with what it changed.</p>
            </Empty>
          );
        }
        const serials = [...new Set([...steps.map((step) => step.to), ...steps.map((step) => step.from)])];
        const options = serials.map((serial): [string, string] => [String(serial), String(serial)]);
        const first = from.value || options.at(-1)![0];
        const second = to.value || options[0]![0];
        return (
          <div class="stack">
            <Table
              label="Steps of the zone"
              columns={columns}
              rows={steps}
              keyOf={(step) => `${step.from} ${step.to}`}
              test="history-table"
              rowTest="history-row"
            />
            <Card title="Compare two serials">
              <div class="toolbar">
                <Choice
                  label="From"
                  isInline
                  value={first}
                  options={options}
                  test="compare-from"
                  onChange={(value) => {
                    from.value = value;
                  }}
                />
                <Choice
                  label="To"
                  isInline
                  value={second}
                  options={options}
                  test="compare-to"
                  onChange={(value) => {
                    to.value = value;
                  }}
                />
                <Button
                  test="compare"
                  isDisabled={first === second}
                  onClick={() => {
                    compared.value = { from: Number(first), to: Number(second) };
                  }}
                >
                  Compare
                </Button>
              </div>
            </Card>
            {compared.value && (
              <Compared
                zone={zone}
                pair={compared.value}
                onClose={() => {
                  compared.value = null;
                }}
              />
            )}
            {back.value !== null && (
              <Rollback
                zone={zone}
                serial={back.value}
                onClose={() => {
                  back.value = null;
                }}
                onDone={(done) => {
                  back.value = null;
                  history.reload();
                  onCommitted(done);
                }}
              />
            )}
          </div>
        );
      }}
    </Show>
  );
}
