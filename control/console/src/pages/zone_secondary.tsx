import { useSignal } from '@preact/signals';
import { get } from '../api.ts';
import { Button, Card, Chip, Foreign, Notice } from '../parts/basics.tsx';
import { say } from '../parts/outcome.tsx';
import { Failure, Show } from '../parts/states.tsx';
import { Disable } from '../secondary/disable.tsx';
import { SecondaryForm } from '../secondary/form.tsx';
import { HandOver } from '../secondary/hand_over.tsx';
import { Registrar } from '../secondary/registrar.tsx';
import { Addresses, EndingNotice, Servers, Warnings } from '../secondary/states.tsx';
import { useLoad } from '../load.ts';
import { may } from '../session.ts';
import type { Finding, RecordPage, SecondarySet, SecondaryShown } from '../types.ts';

export function ZoneSecondary({ zone, onChanged }: { zone: string; onChanged: () => void }) {
  const shown = useLoad(
    `${zone} secondary`,
    (signal) => get<SecondaryShown>('secondary.show', { zone }, { signal }),
    5,
  );
  const isEditing = useSignal(false);
  const isDeleting = useSignal(false);
  const last = useSignal<SecondarySet | null>(null);
  const mayManage = may('secondary-manager');

  const done = (set: SecondarySet) => {
    isEditing.value = false;
    isDeleting.value = false;
    last.value = set;
    say(
      !set.enabled
        ? 'Secondary DNS was deleted.'
        : set.ending
          ? 'Secondary DNS is ending.'
          : 'Secondary DNS is configured.',
    );
    shown.reload();
    onChanged();
  };
  const close = () => {
    isEditing.value = false;
  };
  return (
    <Show of={shown} rows={8}>
      {(data) => {
        const warnings = last.value?.warnings?.map((text) => (
          <Notice key={text} tone="warning">
            <Foreign text={text} />
          </Notice>
        ));
        if (isEditing.value) {
          return <SecondaryForm zone={zone} shown={data} onDone={done} onClose={close} />;
        }
        if (!data.enabled) {
          const ended = last.value && !last.value.enabled ? last.value : null;
          return (
            <div class="stack">
              {ended && (
                <Registrar
                  isEnd
                  before={[...new Set([...(ended.ns_before ?? []), ...ended.ns])].sort()}
                  after={ended.ns_after ?? []}
                />
              )}
              <Card title="Secondary DNS" test="secondary-none">
                <p>
                  Other DNS providers can serve this zone beside your own name servers. All its records are copied to
                  them, and each change follows by itself within seconds. ALIAS and URL records are resolved, and the
                  secondaries get the addresses.
                </p>
                <p>
                  It works for every domain. If the domain is delegated elsewhere, it takes effect once the delegation
                  names your servers and those of the provider.
                </p>
                {mayManage ? (
                  <Button
                    look="main"
                    test="secondary-configure"
                    onClick={() => {
                      isEditing.value = true;
                    }}
                  >
                    Configure
                  </Button>
                ) : (
                  <p class="quiet">Configuring it takes the role secondary-manager.</p>
                )}
              </Card>
              <HandOver zone={zone} shown={data} />
            </div>
          );
        }
        return (
          <>
            {warnings}
            <Configured
              zone={zone}
              data={data}
              mayManage={mayManage}
              onEdit={() => {
                isEditing.value = true;
              }}
              onDelete={() => {
                isDeleting.value = true;
              }}
            />
            {isDeleting.value && (
              <Disable
                zone={zone}
                shown={data}
                onDone={done}
                onClose={() => {
                  isDeleting.value = false;
                }}
              />
            )}
          </>
        );
      }}
    </Show>
  );
}

function Configured({
  zone,
  data,
  mayManage,
  onEdit,
  onDelete,
}: {
  zone: string;
  data: SecondaryShown;
  mayManage: boolean;
  onEdit: () => void;
  onDelete: () => void;
}) {
  const check = useLoad(`${zone} ${data.ns.join(' ')}`, (signal) => {
    return get<{ findings: Finding[] }>('secondary.check', { zone }, { signal });
  });
  const servers = useLoad(`${zone} NS ${data.serial}`, async (signal) => {
    const page = await get<RecordPage>('zone.records', { zone, name: zone, type: 'NS', limit: 2 }, { signal });
    return page.rrsets.find((set) => set.type === 'NS');
  });
  const standing = servers.data?.records;
  const added = servers.data?.secondary ?? [];
  const findings = check.data?.findings;
  return (
    <div class="stack">
      {data.ending && <EndingNotice ending={data.ending} />}
      <Warnings shown={data} findings={findings} />
      <Card
        title="Secondary DNS"
        test="secondary-configured"
        actions={
          mayManage && (
            <>
              {data.ending ? (
                <Button icon="undo" onClick={onEdit} test="secondary-edit">
                  Configure again
                </Button>
              ) : (
                <Button icon="edit" onClick={onEdit} test="secondary-edit">
                  Edit
                </Button>
              )}
              <Button icon="trash" look="danger" onClick={onDelete} test="secondary-delete">
                Delete Secondary DNS
              </Button>
            </>
          )
        }
      >
        <div class="chips">
          {data.ending ? <Chip tone="info">ending</Chip> : <Chip tone="ok">enabled</Chip>}
          {data.providers?.map((name) => (
            <Chip key={name} tone="info">
              <Foreign text={name} />
            </Chip>
          ))}
          {check.isLoading && <span class="quiet">looking at the delegation and the servers…</span>}
          {!check.isLoading && (
            <Button look="quiet" icon="refresh" onClick={check.reload} test="secondary-check">
              Check again
            </Button>
          )}
        </div>
        {check.error !== undefined && <Failure error={check.error} />}
      </Card>
      <Servers shown={data} standing={standing} findings={findings} />
      <Addresses zone={zone} shown={data} />
      {standing && (
        <Registrar
          before={
            data.ending ? [...standing, ...data.ending.leaving] : standing.filter((name) => !added.includes(name))
          }
          after={standing}
          isEnd={Boolean(data.ending)}
        />
      )}
      <HandOver zone={zone} shown={data} />
    </div>
  );
}
