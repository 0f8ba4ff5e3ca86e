import { useSignal } from '@preact/signals';
import { get, post, type Parameters } from '../api.ts';
import { Button, Chip, Foreign, Heading, IconButton, Notice } from '../parts/basics.tsx';
import { Confirm, FormDialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Empty, Show } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { addressesTrouble, namesOf, namesTrouble } from '../secondary/form.tsx';
import { useDoing, useLoad } from '../load.ts';
import { mayEverywhere } from '../session.ts';
import { counted, items, withoutDot } from '../text.ts';
import type { Provider } from '../types.ts';

function lines(list: string): string {
  return items(list).join('\n');
}

function Items({ list }: { list: string }) {
  const all = items(list);
  if (all.length === 0) return <span class="quiet">none</span>;
  return (
    <ul class="data mono">
      {all.map((each) => (
        <li key={each}>
          <Foreign text={withoutDot(each)} />
        </li>
      ))}
    </ul>
  );
}

function Edit({ provider, onDone, onClose }: { provider?: Provider; onDone: () => void; onClose: () => void }) {
  const name = useSignal(provider?.provider ?? '');
  const ns = useSignal(lines(provider?.ns ?? ''));
  const allow = useSignal(lines(provider?.allow ?? ''));
  const notify = useSignal(lines(provider?.notify ?? ''));
  const key = useSignal(provider?.key ?? '');
  const isAsked = useSignal(false);
  const follows = useSignal<number | null>(null);
  const doing = useDoing();
  const wrongName = /^[^\s,"]{1,64}$/.test(name.value.trim())
    ? ''
    : 'A name has 1 to 64 characters, without blanks, commas and quotation marks.';
  const wrong =
    wrongName || namesTrouble(ns.value) || addressesTrouble(allow.value) || addressesTrouble(notify.value, false);
  const set = (signal: { value: string }) => (text: string) => {
    signal.value = text;
    follows.value = null;
  };
  const submit = () => {
    isAsked.value = true;
    if (wrong) return;
    void doing.run(async () => {
      const parameters: Parameters = {
        provider: name.value.trim(),
        ns: namesOf(ns.value),
        allow: items(allow.value),
        notify: items(notify.value),
        key: key.value.trim(),
      };
      if (provider && follows.value === null) {
        const { zones } = await post<{ zones: number }>('provider.set', { ...parameters, 'dry-run': true });
        if (zones > 0) {
          follows.value = zones;
          return;
        }
      }
      await post('provider.set', parameters);
      say(`Provider ${name.value.trim()} is set.`);
      onDone();
    });
  };
  return (
    <FormDialog
      title={
        provider ? (
          <>
            Edit provider <Foreign text={provider.provider} />
          </>
        ) : (
          'Add a provider'
        )
      }
      onClose={onClose}
      test="provider-editor"
      doing={doing}
      onSubmit={submit}
      act={follows.value === null ? 'Save' : `Save, and change ${counted(follows.value, 'zone')}`}
      actTest="provider-save"
    >
      {!provider && (
        <TextField
          label="Name of the provider"
          value={name.value}
          isAsked={isAsked.value}
          trouble={wrongName}
          hasFocus
          test="provider-name"
          onInput={set(name)}
        />
      )}
      <TextField
        label="Its name servers, one a line"
        value={ns.value}
        rows={3}
        isMono
        isAsked={isAsked.value}
        trouble={namesTrouble(ns.value)}
        test="provider-ns"
        onInput={set(ns)}
      />
      <TextField
        label="Addresses that may transfer, one a line"
        value={allow.value}
        rows={3}
        isMono
        isAsked={isAsked.value}
        trouble={addressesTrouble(allow.value)}
        test="provider-allow"
        onInput={set(allow)}
      />
      <TextField
        label="Addresses to notify, one a line"
        value={notify.value}
        rows={2}
        isMono
        isAsked={isAsked.value}
        trouble={addressesTrouble(notify.value, false)}
        test="provider-notify"
        onInput={set(notify)}
        hint="Empty: those above that are hosts."
      />
      <TextField
        label="Key"
        value={key.value}
        isMono
        test="provider-key"
        onInput={set(key)}
        hint="Empty: transfers need no key."
      />
      {follows.value !== null && (
        <Notice tone="warning" test="provider-follow">
          {counted(follows.value, 'zone follows', 'zones follow')} this provider and would change with it. Save again to
          go on.
        </Notice>
      )}
    </FormDialog>
  );
}

export function Providers() {
  const list = useLoad('providers', (signal) => get<{ providers: Provider[] }>('provider.list', {}, { signal }));
  const edited = useSignal<{ provider?: Provider } | null>(null);
  const removed = useSignal<Provider | null>(null);
  const doing = useDoing();
  const mayChange = mayEverywhere('secondary-manager');
  const columns: Column<Provider>[] = [
    {
      title: 'Provider',
      cell: ({ provider }) => (
        <strong>
          <Foreign text={provider} />
        </strong>
      ),
    },
    { title: 'Name servers', look: 'wide', cell: ({ ns }) => <Items list={ns} /> },
    { title: 'May transfer', cell: ({ allow }) => <Items list={allow} /> },
    {
      title: 'Notified',
      cell: ({ notify }) => (notify ? <Items list={notify} /> : <span class="quiet">the hosts that may transfer</span>),
    },
    { title: 'Key', cell: ({ key }) => (key ? <Foreign text={key} /> : <Chip tone="off">none</Chip>) },
  ];
  if (mayChange) {
    columns.push({
      title: 'Actions',
      look: 'acts',
      cell: (provider) => (
        <span class="acts-inner">
          <IconButton
            icon="edit"
            label={`Edit ${provider.provider}`}
            test="provider-edit"
            onClick={() => {
              edited.value = { provider };
            }}
          />
          <IconButton
            icon="trash"
            label={`Remove ${provider.provider}`}
            test="provider-remove"
            onClick={() => {
              doing.clear();
              removed.value = provider;
            }}
          />
        </span>
      ),
    });
  }
  const add = mayChange && (
    <Button
      icon="plus"
      look="main"
      test="provider-add"
      onClick={() => {
        edited.value = {};
      }}
    >
      Add a provider
    </Button>
  );
  return (
    <>
      <Heading title="Providers" actions={add} />
      <p class="lead">
        A provider is a preset of name servers and addresses. Zones that use it follow when it changes.
      </p>
      <Show of={list}>
        {({ providers }) =>
          providers.length === 0 ? (
            <Empty icon="providers" title="No providers yet">
              <p>Add those that your customers use often.</p>
            </Empty>
          ) : (
            <Table
              label="Providers"
              columns={columns}
              rows={providers}
              keyOf={(each) => each.provider}
              test="provider-table"
              rowTest="provider-row"
            />
          )
        }
      </Show>
      {edited.value && (
        <Edit
          provider={edited.value.provider}
          onDone={() => {
            edited.value = null;
            list.reload();
          }}
          onClose={() => {
            edited.value = null;
          }}
        />
      )}
      {removed.value && (
        <Confirm
          title="Remove the provider"
          act="Remove"
          isDanger
          typed={removed.value.provider}
          doing={doing}
          onClose={() => {
            removed.value = null;
          }}
          onAct={() =>
            void doing.run(async () => {
              await post('provider.remove', { provider: removed.value!.provider });
              removed.value = null;
              list.reload();
              say('The provider was removed.');
            })
          }
        >
          <p>Zones can no longer choose it.</p>
        </Confirm>
      )}
    </>
  );
}
