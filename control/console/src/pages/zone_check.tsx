import { get } from '../api.ts';
import { Button, Card, Chip, Foreign } from '../parts/basics.tsx';
import { Show } from '../parts/states.tsx';
import { useLoad, type Loaded } from '../load.ts';
import { counted } from '../text.ts';
import type { Finding } from '../types.ts';

interface ZoneFindings {
  zones: { refused: string[]; faults: string[] }[];
}

function Findings({
  title,
  about,
  of,
  findings,
  test,
}: {
  title: string;
  about: string;
  of: Loaded<unknown>;
  findings: Finding[];
  test: string;
}) {
  const wrong = findings.filter((finding) => !finding.sound);
  const sorted = [...wrong, ...findings.filter((finding) => finding.sound)];
  return (
    <Card
      title={title}
      test={test}
      actions={
        <Button icon="refresh" onClick={of.reload} isBusy={of.isLoading} test={`${test}-again`}>
          Run again
        </Button>
      }
    >
      <p class="quiet">{about}</p>
      <Show of={of} rows={4}>
        {() => (
          <>
            <p>
              {wrong.length === 0 ? (
                <Chip tone="ok">all is well</Chip>
              ) : (
                <Chip tone="warning">{counted(wrong.length, 'finding')} to see to</Chip>
              )}
            </p>
            <ul class="findings">
              {sorted.map((finding) => (
                <li key={`${finding.about} ${finding.text}`}>
                  <Chip tone={finding.sound ? 'ok' : 'warning'}>{finding.about}</Chip>
                  <span>
                    <Foreign text={finding.text} />
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Show>
    </Card>
  );
}

export function ZoneCheck({ zone }: { zone: string }) {
  const outside = useLoad(`${zone} outside`, (signal) => {
    return get<{ findings: Finding[] }>('secondary.check', { zone }, { signal });
  });
  const inside = useLoad(`${zone} inside`, (signal) => get<ZoneFindings>('zone.check', { zone }, { signal }));
  const found =
    inside.data?.zones.flatMap(({ refused, faults }): Finding[] => [
      ...refused.map((text) => ({ sound: false, about: 'refused', text })),
      ...faults.map((text) => ({ sound: false, about: 'fault', text })),
    ]) ?? [];
  return (
    <div class="stack">
      <Findings
        title="Delegation and servers"
        test="check-outside"
        of={outside}
        findings={outside.data?.findings ?? []}
        about="The parent zone, its DS and glue, and what each name server answers, compared with this zone."
      />
      <Findings
        title="The zone itself"
        test="check-inside"
        of={inside}
        findings={found}
        about="Records that contradict each other or that no resolver could use."
      />
    </div>
  );
}
