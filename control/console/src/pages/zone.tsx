import { useSignal } from '@preact/signals';
import { ApiError, get, kNoZone } from '../api.ts';
import { Chip, Heading, Name } from '../parts/basics.tsx';
import { Rollback } from '../parts/rollback.tsx';
import { Empty, Failure, Skeleton } from '../parts/states.tsx';
import { DraftBar } from '../records/draft_bar.tsx';
import { draftOf } from '../records/drafts.ts';
import { Reached } from '../records/reached.tsx';
import { Review } from '../records/review.tsx';
import { useEvents } from '../events.ts';
import { useLoad } from '../load.ts';
import { link, path } from '../route.ts';
import { may } from '../session.ts';
import { unicodeName, withoutDot } from '../text.ts';
import type { Committed, LedgerLine, ZoneShown } from '../types.ts';
import { ZoneCheck } from './zone_check.tsx';
import { ZoneHistory } from './zone_history.tsx';
import { ZoneRecords } from './zone_records.tsx';
import { ZoneSecondary } from './zone_secondary.tsx';
import { ZoneSettings } from './zone_settings.tsx';

const kTabs: [string, string][] = [
  ['records', 'Records'],
  ['secondary', 'Secondary DNS'],
  ['history', 'History'],
  ['check', 'Check'],
  ['settings', 'Settings'],
];

interface Last {
  committed: Committed;
  since: number;
}

function State({ ledger }: { ledger: LedgerLine[] }) {
  if (ledger.length === 0)
    return (
      <Chip tone="off" test="zone-state">
        no secondaries
      </Chip>
    );
  const inStep = ledger.filter((line) => line.in_step).length;
  return (
    <Chip tone={inStep === ledger.length ? 'ok' : 'behind'} test="zone-state">
      with {inStep} of {ledger.length} {ledger.length === 1 ? 'secondary' : 'secondaries'}
    </Chip>
  );
}

export function Zone({ zone }: { zone: string }) {
  const tab = kTabs.some(([key]) => key === path.value[2]) ? path.value[2]! : 'records';
  const shown = useLoad(zone, (signal) => get<ZoneShown>('zone.show', { zone }, { signal }), 30);
  const status = useLoad(zone, (signal) => get<{ ledger: LedgerLine[] }>('secondary.status', { zone }, { signal }), 5);
  const version = useSignal(0);
  const last = useSignal<Last | null>(null);
  const isReviewing = useSignal(false);
  const undone = useSignal<number | null>(null);
  const draft = draftOf(zone).value;

  const reload = () => {
    shown.reload();
    status.reload();
    version.value += 1;
  };
  useEvents({ zone }, (kind) => {
    if (kind === 'commit' || kind === 'gap') reload();
    if (kind === 'proven') status.reload();
  });
  const committed = (done: Committed) => {
    isReviewing.value = false;
    undone.value = null;
    if (done.changed) last.value = { committed: done, since: Date.now() / 1000 };
    reload();
  };

  if (shown.error instanceof ApiError && shown.error.code === kNoZone) {
    return (
      <>
        <Heading title={withoutDot(zone)} />
        <Empty icon="zones" title="There is no such zone">
          <p>
            <a href={link('zones')}>See all zones</a>
          </p>
        </Empty>
      </>
    );
  }
  const data = shown.data;
  const title = unicodeName(withoutDot(zone)) ?? withoutDot(zone);
  const before = last.value?.committed.old_serial;
  return (
    <>
      <p class="crumb">
        <a href={link('zones')}>Zones</a>
      </p>
      <Heading title={title}>
        <Name name={zone} />
      </Heading>
      <div class="zone-line">
        {data && (
          <span>
            Serial{' '}
            <strong class="number" data-test="zone-serial">
              {data.serial}
            </strong>
          </span>
        )}
        {status.data && <State ledger={status.data.ledger} />}
        {data && !data.has_servers && <Chip tone="warning">no NS records</Chip>}
        {data?.signed && <Chip tone="info">signed</Chip>}
      </div>
      <nav class="tabs" aria-label="Parts of the zone">
        {kTabs.map(([key, text]) => (
          <a
            key={key}
            href={link('zones', zone, key)}
            aria-current={tab === key ? 'page' : undefined}
            data-test={`tab-${key}`}
          >
            {text}
          </a>
        ))}
      </nav>
      {shown.error !== undefined && <Failure error={shown.error} again={shown.reload} />}
      {!data && shown.error === undefined && <Skeleton rows={10} />}
      {data && tab === 'records' && (
        <ZoneRecords zone={zone} shown={data} version={version.value} onCommitted={committed} />
      )}
      {data && tab === 'secondary' && <ZoneSecondary zone={zone} onChanged={reload} />}
      {data && tab === 'history' && <ZoneHistory zone={zone} version={version.value} onCommitted={committed} />}
      {data && tab === 'check' && <ZoneCheck zone={zone} />}
      {data && tab === 'settings' && <ZoneSettings zone={zone} shown={data} onChanged={reload} />}
      <div class="dock">
        {last.value && (
          <Reached
            key={last.value.committed.serial}
            zone={zone}
            serial={last.value.committed.serial}
            since={last.value.since}
            onUndo={
              typeof before === 'number' && may('editor')
                ? () => {
                    undone.value = before;
                  }
                : undefined
            }
            onClose={() => {
              last.value = null;
            }}
          />
        )}
        {draft && (
          <DraftBar
            draft={draft}
            onReview={() => {
              isReviewing.value = true;
            }}
          />
        )}
      </div>
      {draft && isReviewing.value && (
        <Review
          draft={draft}
          onCommitted={committed}
          onClose={() => {
            isReviewing.value = false;
          }}
        />
      )}
      {undone.value !== null && (
        <Rollback
          zone={zone}
          serial={undone.value}
          onDone={committed}
          onClose={() => {
            undone.value = null;
          }}
        />
      )}
    </>
  );
}
