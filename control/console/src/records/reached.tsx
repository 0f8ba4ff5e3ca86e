import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../api.ts';
import { Chip, Foreign, IconButton, Button } from '../parts/basics.tsx';
import { useEvents } from '../events.ts';
import { seconds } from '../time.ts';
import type { LedgerLine } from '../types.ts';

interface ReachedProps {
  zone: string;
  serial: number;
  // When the commit was answered, in seconds.
  since: number;
  onUndo?: () => void;
  onClose: () => void;
}

// A serial is at least as new as another one, in the arithmetic of RFC 1982.
function isAtLeast(serial: number, wanted: number): boolean {
  return ((serial - wanted) | 0) >= 0;
}

// Where a commit has arrived: told by the events, and by the ledger, which is asked until all have it.
export function Reached({ zone, serial, since, onUndo, onClose }: ReachedProps) {
  const lines = useSignal<LedgerLine[] | undefined>(undefined);
  const times = useSignal<Record<string, number>>({});
  const has = (line: LedgerLine) => {
    return (
      line.secondary in times.value || line.in_step || (line.has_serial !== null && isAtLeast(line.has_serial, serial))
    );
  };
  const isDone = lines.value !== undefined && lines.value.every(has);

  useEvents(
    { zone },
    (kind, data) => {
      if (kind !== 'proven' || !isAtLeast(Number(data['serial']), serial)) return;
      times.value = { ...times.value, [String(data['secondary'])]: Number(data['seconds']) };
    },
    !isDone,
  );

  useEffect(() => {
    if (isDone) return undefined;
    const ask = () => {
      if (document.hidden) return;
      get<{ ledger: LedgerLine[] }>('secondary.status', { zone }).then(
        ({ ledger }) => {
          lines.value = ledger;
        },
        () => undefined,
      );
    };
    ask();
    const timer = setInterval(ask, 2500);
    return () => clearInterval(timer);
  }, [zone, serial, isDone]);

  const all = lines.value ?? [];
  const reached = all.filter(has);
  const timeOf = (line: LedgerLine) => {
    const told = times.value[line.secondary];
    if (told !== undefined) return seconds(told);
    return line.proven_at !== null && line.proven_at >= since ? seconds(line.proven_at - since) : 'has it';
  };
  return (
    <div
      class="reached"
      data-test="reached"
      data-reached={reached.length}
      data-of={all.length}
      data-done={isDone ? 'yes' : 'no'}
    >
      <div class="reached-line" role="status">
        <strong>Serial {serial}</strong>
        {lines.value === undefined ? (
          <span class="quiet">looking where it is…</span>
        ) : all.length === 0 ? (
          <span class="quiet">committed; the zone has no secondaries that are watched</span>
        ) : (
          <Chip tone={isDone ? 'ok' : 'behind'}>
            reached {reached.length} of {all.length} secondaries
          </Chip>
        )}
      </div>
      {all.length > 0 && (
        <ul class="reached-list">
          {all.map((line) => (
            <li key={line.secondary} class={has(line) ? 'has' : 'lacks'}>
              <Foreign text={line.secondary} />{' '}
              <span class="quiet">{has(line) ? timeOf(line) : (line.reason_text ?? line.state)}</span>
            </li>
          ))}
        </ul>
      )}
      <div class="actions">
        {onUndo && (
          <Button icon="undo" onClick={onUndo} test="undo">
            Undo
          </Button>
        )}
        <IconButton icon="close" label="Close this line" onClick={onClose} />
      </div>
    </div>
  );
}
