import { useSignal } from '@preact/signals';
import { get, post } from '../api.ts';
import { Button, Card, Chip, Foreign, IconButton } from '../parts/basics.tsx';
import { Confirm, FormDialog } from '../parts/dialog.tsx';
import { bound, Choice, TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Secret } from '../parts/secret.tsx';
import { Empty, Show } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { nameTrouble } from '../records/check.ts';
import { useDoing, useLoad } from '../load.ts';
import { asciiName, items, visible, withDot, withoutDot } from '../text.ts';
import type { Grant, Key } from '../types.ts';

type Opened =
  | { what: 'generate' }
  | { what: 'grant'; key: Key }
  | { what: 'remove'; key: Key }
  | { what: 'revoke'; key: Key; grant: Grant }
  | { what: 'secret'; name: string; secret: string };

const kAlgorithms = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'];

function Generate({ onDone, onClose }: { onDone: (name: string, secret: string) => void; onClose: () => void }) {
  const name = useSignal('');
  const algorithm = useSignal(kAlgorithms[0]!);
  const isAsked = useSignal(false);
  const doing = useDoing();
  const key = name.value.trim() === '' ? '' : asciiName(withDot(name.value.trim()));
  const submit = () => {
    isAsked.value = true;
    if (nameTrouble(key)) return;
    void doing.run(async () => {
      const made = await post<{ secret: string }>('key.generate', { key, algorithm: algorithm.value });
      onDone(key, made.secret);
    });
  };
  return (
    <FormDialog
      title="Generate a key"
      onClose={onClose}
      test="key-generate-dialog"
      doing={doing}
      onSubmit={submit}
      act="Generate"
      actTest="key-save"
    >
      <TextField
        label="Name of the key"
        {...bound(name)}
        isMono
        hasFocus
        isAsked={isAsked.value}
        trouble={nameTrouble(key)}
        hint="A domain name that both sides use, such as transfer.example.com."
        test="key-name"
      />
      <Choice
        label="Algorithm"
        value={algorithm.value}
        options={kAlgorithms.map((each): [string, string] => [each, each])}
        test="key-algorithm"
        onChange={(value) => {
          algorithm.value = value;
        }}
      />
    </FormDialog>
  );
}

function GrantDialog({ of, onDone, onClose }: { of: Key; onDone: () => void; onClose: () => void }) {
  const zone = useSignal('');
  const names = useSignal('');
  const types = useSignal('');
  const isAsked = useSignal(false);
  const doing = useDoing();
  const name = zone.value.trim() === '' ? '' : withDot(asciiName(zone.value.trim()));
  const submit = () => {
    isAsked.value = true;
    if (nameTrouble(name)) return;
    void doing.run(async () => {
      await post('key.grant', {
        key: of.key,
        zone: name,
        names: items(names.value),
        types: items(types.value.toUpperCase()),
      });
      say('The grant is made.');
      onDone();
    });
  };
  return (
    <FormDialog
      title={
        <>
          Let <Foreign text={withoutDot(of.key)} /> update a zone
        </>
      }
      onClose={onClose}
      test="grant-dialog"
      doing={doing}
      onSubmit={submit}
      act="Grant"
      actTest="grant-save"
    >
      <TextField
        label="Zone"
        {...bound(zone)}
        isMono
        hasFocus
        isAsked={isAsked.value}
        trouble={nameTrouble(name)}
        test="grant-zone"
      />
      <TextField
        label="Names"
        {...bound(names)}
        isMono
        test="grant-names"
        hint="Empty: all names. _acme-challenge.* are names that begin with that label."
      />
      <TextField
        label="Types"
        {...bound(types)}
        isMono
        test="grant-types"
        hint="Empty: all types. Such as TXT, or A, AAAA."
      />
    </FormDialog>
  );
}

export function Keys() {
  const list = useLoad('keys', (signal) => get<{ keys: Key[] }>('key.list', {}, { signal }));
  const opened = useSignal<Opened | null>(null);
  const doing = useDoing();
  const close = () => {
    opened.value = null;
  };
  const done = () => {
    close();
    list.reload();
  };
  const open = (what: Opened) => {
    doing.clear();
    opened.value = what;
  };
  const columns: Column<Key>[] = [
    { title: 'Key', look: 'mono', cell: ({ key }) => <Foreign text={withoutDot(key)} /> },
    { title: 'Algorithm', cell: ({ algorithm }) => algorithm },
    { title: 'Last used', cell: ({ last_used }) => <When at={last_used} /> },
    {
      title: 'May update',
      look: 'wide',
      cell: (key) =>
        key.grants.length === 0 ? (
          <span class="quiet">nothing</span>
        ) : (
          <ul class="data">
            {key.grants.map((grant) => (
              <li key={`${grant.zone} ${grant.names} ${grant.types}`}>
                <Foreign text={withoutDot(grant.zone)} />{' '}
                <span class="quiet">
                  names <bdi>{visible(grant.names)}</bdi>, types <bdi>{visible(grant.types)}</bdi>
                </span>
                <IconButton
                  icon="close"
                  label={`Revoke ${grant.zone} from ${key.key}`}
                  test="key-revoke"
                  onClick={() => open({ what: 'revoke', key, grant })}
                />
              </li>
            ))}
          </ul>
        ),
    },
    {
      title: 'Actions',
      look: 'acts',
      cell: (key) => (
        <span class="acts-inner">
          <Button label={`Grant a zone to ${key.key}`} test="key-grant" onClick={() => open({ what: 'grant', key })}>
            Grant
          </Button>
          <IconButton
            icon="trash"
            label={`Remove ${key.key}`}
            test="key-remove"
            onClick={() => open({ what: 'remove', key })}
          />
        </span>
      ),
    },
  ];
  const shown = opened.value;
  return (
    <Card
      title="Keys (TSIG)"
      test="keys"
      actions={
        <Button icon="plus" look="main" test="key-generate" onClick={() => open({ what: 'generate' })}>
          Generate a key
        </Button>
      }
    >
      <p class="quiet">Keys sign transfers and updates. axfrd shows a secret once, and not again.</p>
      <Show of={list} rows={3}>
        {({ keys }) =>
          keys.length === 0 ? (
            <Empty icon="keys" title="No keys yet" />
          ) : (
            <Table
              label="Keys"
              columns={columns}
              rows={keys}
              keyOf={(each) => each.key}
              test="key-table"
              rowTest="key-row"
            />
          )
        }
      </Show>
      {shown?.what === 'generate' && (
        <Generate
          onClose={close}
          onDone={(name, secret) => {
            opened.value = { what: 'secret', name, secret };
            list.reload();
          }}
        />
      )}
      {shown?.what === 'secret' && (
        <Secret title={`Secret of ${withoutDot(shown.name)}`} what="the secret" secret={shown.secret} onClose={close} />
      )}
      {shown?.what === 'grant' && <GrantDialog of={shown.key} onDone={done} onClose={close} />}
      {shown?.what === 'remove' && (
        <Confirm
          title="Remove the key"
          act="Remove"
          isDanger
          typed={shown.key.key}
          doing={doing}
          onClose={close}
          onAct={() =>
            void doing.run(async () => {
              await post('key.remove', { key: shown.key.key });
              say('The key was removed.');
              done();
            })
          }
        >
          <p>Whoever signs with it is refused from then on.</p>
        </Confirm>
      )}
      {shown?.what === 'revoke' && (
        <Confirm
          title="Revoke the grant"
          act="Revoke"
          isDanger
          doing={doing}
          onClose={close}
          onAct={() =>
            void doing.run(async () => {
              await post('key.revoke', { key: shown.key.key, zone: shown.grant.zone });
              say('The grant was revoked.');
              done();
            })
          }
        >
          <p>
            <Chip tone="off">
              <Foreign text={withoutDot(shown.key.key)} />
            </Chip>{' '}
            may update <Foreign text={withoutDot(shown.grant.zone)} /> no more.
          </p>
        </Confirm>
      )}
    </Card>
  );
}
