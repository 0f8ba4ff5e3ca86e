import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../api.ts';
import { Button, Notice } from '../parts/basics.tsx';
import { bound, Choice, SearchField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Pager, usePages } from '../parts/pager.tsx';
import { Empty, Show } from '../parts/states.tsx';
import { keyOf } from '../records/draft.ts';
import { addEdit, draftOf, dropEdit } from '../records/drafts.ts';
import { Editor, type Edited } from '../records/editor.tsx';
import { kTypes } from '../records/rdata.ts';
import { linesOf, RecordTable, type Line } from '../records/table.tsx';
import { exportZone, saveFile, ZoneText } from '../records/zone_text.tsx';
import { useDoing, useLoad, useRested } from '../load.ts';
import { may } from '../session.ts';
import { count, counted, withoutDot } from '../text.ts';
import type { Committed, RecordPage, ZoneShown } from '../types.ts';

interface ZoneRecordsProps {
  zone: string;
  shown: ZoneShown;
  // Counts the commits made here, so that the page is loaded anew.
  version: number;
  onCommitted: (committed: Committed) => void;
}

type Opened = { what: 'add' } | { what: 'edit'; edited: Edited } | { what: 'text' } | { what: 'upload' };

export function ZoneRecords({ zone, shown, version, onCommitted }: ZoneRecordsProps) {
  const search = useSignal('');
  const type = useSignal('');
  const opened = useSignal<Opened | null>(null);
  const rested = useRested(search.value);
  const downloading = useDoing();
  const pages = usePages<string>(`${rested} ${type.value}`);
  const page = useLoad(`${zone} ${rested} ${type.value} ${pages.after ?? ''}`, (signal) => {
    return get<RecordPage>(
      'zone.records',
      { zone, search: rested, type: type.value, after: pages.after, limit: 100 },
      { signal },
    );
  });
  useEffect(() => {
    if (version > 0) page.reload();
  }, [version, shown.serial]);

  const draft = draftOf(zone).value;
  const mayEdit = may('editor');
  const isFirst = pages.number === 1;
  const close = () => {
    opened.value = null;
  };
  const edit = (line: Line) => {
    opened.value = { what: 'edit', edited: { name: line.name, type: line.type, content: line.wanted } };
  };
  const drop = (line: Line, data: RecordPage) => {
    addEdit(zone, data.tag, data.serial, { name: line.name, type: line.type, before: line.standing, after: null });
  };
  const download = () =>
    downloading.run(async () => {
      saveFile(`${withoutDot(zone)}.zone`, await exportZone(zone));
      say('The zone file was downloaded.');
    });
  const committed = (done: Committed) => {
    close();
    onCommitted(done);
  };

  return (
    <>
      <div class="toolbar">
        <SearchField label="Search names, types and data" {...bound(search)} test="record-search" />
        <Choice
          label="Type"
          isInline
          value={type.value}
          test="record-type-filter"
          options={[['', 'All types'], ...['SOA', ...kTypes].map((each): [string, string] => [each, each])]}
          onChange={(chosen) => {
            type.value = chosen;
          }}
        />
        <div class="actions">
          {mayEdit && (
            <Button
              icon="edit"
              test="zone-edit-text"
              onClick={() => {
                opened.value = { what: 'text' };
              }}
            >
              Edit as text
            </Button>
          )}
          {mayEdit && (
            <Button
              icon="plus"
              test="zone-upload"
              onClick={() => {
                opened.value = { what: 'upload' };
              }}
            >
              Upload
            </Button>
          )}
          <Button icon="download" onClick={() => void download()} isBusy={downloading.isBusy} test="zone-download">
            Download
          </Button>
          {mayEdit && (
            <Button
              icon="plus"
              look="main"
              test="record-add"
              isDisabled={!page.data}
              onClick={() => {
                opened.value = { what: 'add' };
              }}
            >
              Add a record
            </Button>
          )}
        </div>
      </div>
      {!mayEdit && <Notice tone="info">You may look at the records. Changing them takes the role editor.</Notice>}
      <Show of={page} rows={10}>
        {(data) => {
          const isPlain = rested === '' && type.value === '';
          const lines = linesOf(
            data.rrsets,
            isFirst
              ? draft
              : draft && {
                  ...draft,
                  edits: draft.edits.filter((each) => {
                    return each.before !== null;
                  }),
                },
          );
          return (
            <>
              {lines.length === 0 ? (
                <Empty icon="search" title={isPlain ? 'No records' : 'No record fits'}>
                  {!isPlain && <p>Search for less, or choose all types.</p>}
                </Empty>
              ) : (
                <RecordTable
                  lines={lines}
                  aliases={shown.aliases}
                  mayEdit={mayEdit}
                  onEdit={edit}
                  onDelete={(line) => drop(line, data)}
                  onUndo={(line) => dropEdit(zone, keyOf(line))}
                />
              )}
              {data.cut && <Notice tone="info">The search looked at 200 000 records so far. “Next” goes on.</Notice>}
              <Pager pages={pages} next={data.next} tests={['records-previous', 'records-next']}>
                {counted(data.records, 'record')} in the zone
                {!isFirst && <> · page {count(pages.number)}</>}
              </Pager>
              {opened.value?.what === 'add' && (
                <Editor zone={zone} tag={data.tag} serial={data.serial} onClose={close} />
              )}
              {opened.value?.what === 'edit' && (
                <Editor zone={zone} tag={data.tag} serial={data.serial} edited={opened.value.edited} onClose={close} />
              )}
            </>
          );
        }}
      </Show>
      {(opened.value?.what === 'text' || opened.value?.what === 'upload') && (
        <ZoneText zone={zone} isWhole={opened.value.what === 'text'} onClose={close} onCommitted={committed} />
      )}
    </>
  );
}
