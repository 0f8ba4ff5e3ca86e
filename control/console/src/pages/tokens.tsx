import { useSignal } from '@preact/signals';
import { get, post } from '../api.ts';
import { Button, Card, Foreign, IconButton } from '../parts/basics.tsx';
import { Confirm, FormDialog } from '../parts/dialog.tsx';
import { bound, TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { ScopeFields, scopeText } from '../parts/scope.tsx';
import { Secret } from '../parts/secret.tsx';
import { Empty, Show } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { useDoing, useLoad } from '../load.ts';
import { items } from '../text.ts';
import type { Role, Token } from '../types.ts';

type Opened = { what: 'add' } | { what: 'remove'; token: Token } | { what: 'secret'; secret: string };

function limitText(limit: unknown): string {
  if (typeof limit !== 'object' || limit === null) return String(limit);
  return Object.entries(limit)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

function Add({ onDone, onClose }: { onDone: (secret: string) => void; onClose: () => void }) {
  const name = useSignal('');
  const role = useSignal<Role>('reader');
  const zones = useSignal('');
  const names = useSignal('');
  const types = useSignal('');
  const expires = useSignal('90d');
  const isAsked = useSignal(false);
  const doing = useDoing();
  const wrongName = name.value.trim() === '' ? 'Enter a name that says who uses it.' : '';
  const wrongExpiry = /^(|\d+[smhdw]|\d{4}-\d{2}-\d{2})$/.test(expires.value.trim())
    ? ''
    : 'Write 90d, or a date such as 2027-01-31.';
  const submit = () => {
    isAsked.value = true;
    if (wrongName || wrongExpiry) return;
    void doing.run(async () => {
      const made = await post<{ secret: string }>('token.add', {
        token: name.value.trim(),
        role: role.value,
        zones: items(zones.value).length > 0 ? items(zones.value) : undefined,
        names: items(names.value).length > 0 ? items(names.value) : undefined,
        types: items(types.value.toUpperCase()).join(','),
        expires: expires.value.trim(),
      });
      onDone(made.secret);
    });
  };
  return (
    <FormDialog
      title="Add a token"
      onClose={onClose}
      test="token-dialog"
      doing={doing}
      onSubmit={submit}
      act="Add the token"
      actTest="token-save"
    >
      <TextField label="Name" {...bound(name)} hasFocus isAsked={isAsked.value} trouble={wrongName} test="token-name" />
      <ScopeFields role={role} zones={zones} test="token" />
      {role.value === 'editor' && (
        <div class="pair even">
          <TextField
            label="Names"
            {...bound(names)}
            isMono
            test="token-names"
            hint="Empty: all. Such as _acme-challenge.*"
          />
          <TextField label="Types" {...bound(types)} isMono test="token-types" hint="Empty: all. Such as TXT" />
        </div>
      )}
      <TextField
        label="Expires"
        {...bound(expires)}
        isAsked={isAsked.value}
        trouble={wrongExpiry}
        test="token-expires"
        hint="90d is in 90 days; or a date such as 2027-01-31. Empty: never."
      />
    </FormDialog>
  );
}

export function Tokens() {
  const list = useLoad('tokens', (signal) => get<{ tokens: Token[] }>('token.list', {}, { signal }));
  const opened = useSignal<Opened | null>(null);
  const doing = useDoing();
  const close = () => {
    opened.value = null;
  };
  const columns: Column<Token>[] = [
    { title: 'Token', cell: ({ token }) => <Foreign text={token} /> },
    { title: 'Role', cell: ({ role }) => role },
    { title: 'Zones', look: 'wide', cell: ({ zones }) => <Foreign text={scopeText(zones)} /> },
    {
      title: 'Limits',
      cell: ({ limits }) =>
        limits.length ? <Foreign text={limits.map(limitText).join('; ')} /> : <span class="quiet">none</span>,
    },
    { title: 'Expires', cell: ({ expires }) => <When at={expires} /> },
    { title: 'Last used', cell: ({ last_used }) => <When at={last_used} /> },
    {
      title: 'Actions',
      look: 'acts',
      cell: (token) => (
        <IconButton
          icon="trash"
          label={`Revoke ${token.token}`}
          test="token-remove"
          onClick={() => {
            doing.clear();
            opened.value = { what: 'remove', token };
          }}
        />
      ),
    },
  ];
  const shown = opened.value;
  return (
    <Card
      title="Tokens"
      test="tokens"
      actions={
        <Button
          icon="plus"
          look="main"
          test="token-add"
          onClick={() => {
            opened.value = { what: 'add' };
          }}
        >
          Add a token
        </Button>
      }
    >
      <p class="quiet">Programs sign in to the HTTP API with a token. So can people, here.</p>
      <Show of={list} rows={3}>
        {({ tokens }) =>
          tokens.length === 0 ? (
            <Empty icon="keys" title="No tokens yet" />
          ) : (
            <Table
              label="Tokens"
              columns={columns}
              rows={tokens}
              keyOf={(each) => each.id}
              test="token-table"
              rowTest="token-row"
            />
          )
        }
      </Show>
      {shown?.what === 'add' && (
        <Add
          onClose={close}
          onDone={(secret) => {
            opened.value = { what: 'secret', secret };
            list.reload();
          }}
        />
      )}
      {shown?.what === 'secret' && (
        <Secret title="The new token" what="the token" secret={shown.secret} onClose={close} />
      )}
      {shown?.what === 'remove' && (
        <Confirm
          title="Revoke the token"
          act="Revoke"
          isDanger
          doing={doing}
          onClose={close}
          onAct={() =>
            void doing.run(async () => {
              await post('token.remove', { token: shown.token.token });
              say('The token was revoked.');
              close();
              list.reload();
            })
          }
        >
          <p>
            Programs that use{' '}
            <strong>
              <Foreign text={shown.token.token} />
            </strong>{' '}
            are refused from then on.
          </p>
        </Confirm>
      )}
    </Card>
  );
}
