import { useSignal } from '@preact/signals';
import { get } from '../api.ts';
import { Button, Chip, Heading, Name } from '../parts/basics.tsx';
import { bound, Check, SearchField } from '../parts/field.tsx';
import { Empty, Show } from '../parts/states.tsx';
import { Pager, usePages } from '../parts/pager.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { useLoad, useRested } from '../load.ts';
import { link } from '../route.ts';
import { may, session } from '../session.ts';
import { asciiName, count, counted } from '../text.ts';
import type { ZoneLine } from '../types.ts';
import { AddZone } from './add_zone.tsx';

function State({ line }: { line: ZoneLine }) {
  return (
    <span class="chips">
      {!line.enabled ? (
        <Chip tone="off">no Secondary DNS</Chip>
      ) : line.behind > 0 ? (
        <Chip tone="behind">
          {line.behind} of {line.secondaries} behind
        </Chip>
      ) : (
        <Chip tone="ok">with {line.secondaries === 1 ? 'its secondary' : `all ${line.secondaries}`}</Chip>
      )}
      {!line.has_servers && <Chip tone="warning">no NS records</Chip>}
    </span>
  );
}

const kColumns: Column<ZoneLine>[] = [
  {
    title: 'Zone',
    look: 'wide',
    cell: (line) => (
      <a href={link('zones', line.zone)} data-test="zone-link">
        <Name name={line.zone} />
      </a>
    ),
  },
  { title: 'State', cell: (line) => <State line={line} /> },
  { title: 'Behind since', cell: (line) => (line.behind_since ? <When at={line.behind_since} /> : '') },
  { title: 'Records', look: 'number', cell: (line) => count(line.records) },
  { title: 'Serial', look: 'number', cell: (line) => line.serial },
  {
    title: 'Changed',
    cell: (line) => (line.changed_at ? <When at={line.changed_at} /> : <span class="quiet">not known</span>),
  },
];

export function Zones() {
  const search = useSignal('');
  const isBehind = useSignal(false);
  const isAdding = useSignal(false);
  const rested = useRested(asciiName(search.value.trim()));
  const pages = usePages<string>(`${rested} ${isBehind.value}`);
  const page = useLoad(
    `${rested} ${isBehind.value} ${pages.after ?? ''}`,
    (signal) => {
      const parameters = { search: rested, after: pages.after, limit: 50, behind: isBehind.value ? 'yes' : undefined };
      return get<{ zones: ZoneLine[]; more: boolean }>('console/zones', parameters, { signal });
    },
    15,
  );
  const all = session.value?.zone_count;
  const add = may('editor') && (
    <Button
      icon="plus"
      look="main"
      test="zone-add"
      onClick={() => {
        isAdding.value = true;
      }}
    >
      Add a zone
    </Button>
  );
  return (
    <>
      <Heading title="Zones" actions={add} />
      <div class="toolbar">
        <SearchField label="Search zones" {...bound(search)} test="zone-search" />
        <Check
          label="Behind only"
          isOn={isBehind.value}
          test="zone-behind"
          onChange={(isOn) => {
            isBehind.value = isOn;
          }}
        />
        {typeof all === 'number' && <span class="quiet">{counted(all, 'zone')} in all</span>}
      </div>
      <Show of={page} rows={12}>
        {({ zones, more }) => (
          <>
            {zones.length > 0 ? (
              <Table
                label="Zones"
                columns={kColumns}
                rows={zones}
                keyOf={(line) => line.zone}
                test="zone-table"
                rowTest="zone-row"
              />
            ) : rested || isBehind.value ? (
              <Empty icon={rested ? 'search' : 'ok'} title={rested ? 'No zone fits' : 'No zone is behind'}>
                {rested && <p>Search for a part of the name, such as “example”.</p>}
              </Empty>
            ) : (
              <Empty icon="zones" title="No zones yet">
                <p>Add the first one from a form or a zone file.</p>
              </Empty>
            )}
            {(more || pages.number > 1) && (
              <Pager
                pages={pages}
                next={more ? zones.at(-1)?.zone : undefined}
                tests={['zones-previous', 'zones-next']}
              >
                page {count(pages.number)}
              </Pager>
            )}
          </>
        )}
      </Show>
      {isAdding.value && (
        <AddZone
          onClose={() => {
            isAdding.value = false;
          }}
        />
      )}
    </>
  );
}
