import { useSignal } from '@preact/signals';
import { get, post } from '../api.ts';
import { Button, Foreign, Heading, IconButton } from '../parts/basics.tsx';
import { Confirm, FormDialog } from '../parts/dialog.tsx';
import { bound, TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { ScopeFields, scopeText } from '../parts/scope.tsx';
import { Secret } from '../parts/secret.tsx';
import { Empty, NeedsRole, Show } from '../parts/states.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { useDoing, useLoad } from '../load.ts';
import { mayEverywhere } from '../session.ts';
import { items, visible } from '../text.ts';
import type { Role, User } from '../types.ts';

type Opened =
  | { what: 'add' }
  | { what: 'password'; user: User }
  | { what: 'remove'; user: User }
  | { what: 'secret'; user: string; secret: string };

function Add({ onDone, onClose }: { onDone: (user: string, secret: string) => void; onClose: () => void }) {
  const name = useSignal('');
  const role = useSignal<Role>('reader');
  const zones = useSignal('');
  const isAsked = useSignal(false);
  const doing = useDoing();
  const wrongName = /^\S+$/.test(name.value.trim()) ? '' : 'Enter a name without blanks.';
  const submit = () => {
    isAsked.value = true;
    if (wrongName) return;
    void doing.run(async () => {
      const scope = items(zones.value);
      const made = await post<{ password?: string }>('user.add', {
        user: name.value.trim(),
        role: role.value,
        zones: scope.length > 0 ? scope : undefined,
      });
      onDone(name.value.trim(), made.password ?? '');
    });
  };
  return (
    <FormDialog
      title="Add a user"
      onClose={onClose}
      test="user-dialog"
      doing={doing}
      onSubmit={submit}
      act="Add the user"
      actTest="user-save"
    >
      <TextField label="User" {...bound(name)} hasFocus isAsked={isAsked.value} trouble={wrongName} test="user-name" />
      <ScopeFields role={role} zones={zones} test="user" />
      <p class="quiet">A password is drawn and shown to you once. The user can change it under Account.</p>
    </FormDialog>
  );
}

function UserTable() {
  const list = useLoad('users', (signal) => get<{ users: User[] }>('user.list', {}, { signal }));
  const opened = useSignal<Opened | null>(null);
  const doing = useDoing();
  const open = (what: Opened | null) => {
    doing.clear();
    opened.value = what;
  };
  const close = () => open(null);
  const columns: Column<User>[] = [
    {
      title: 'User',
      look: 'wide',
      cell: ({ user }) => (
        <strong>
          <Foreign text={user} />
        </strong>
      ),
    },
    { title: 'Role', cell: ({ role }) => role },
    { title: 'Zones', cell: ({ zones }) => <Foreign text={scopeText(zones)} /> },
    { title: 'Since', cell: ({ created }) => <When at={created} /> },
    { title: 'Password set', cell: ({ password_set }) => <When at={password_set} /> },
    {
      title: 'Actions',
      look: 'acts',
      cell: (user) => (
        <span class="acts-inner">
          <Button
            label={`New password for ${visible(user.user)}`}
            test="user-password"
            onClick={() => open({ what: 'password', user })}
          >
            New password
          </Button>
          <IconButton
            icon="trash"
            label={`Remove ${user.user}`}
            test="user-remove"
            onClick={() => open({ what: 'remove', user })}
          />
        </span>
      ),
    },
  ];
  const shown = opened.value;
  return (
    <>
      <div class="toolbar end">
        <Button icon="plus" look="main" test="user-add" onClick={() => open({ what: 'add' })}>
          Add a user
        </Button>
      </div>
      <Show of={list}>
        {({ users }) =>
          users.length === 0 ? (
            <Empty icon="users" title="No users yet">
              <p>You have signed in with a token, or by the proxy.</p>
            </Empty>
          ) : (
            <Table
              label="Users"
              columns={columns}
              rows={users}
              keyOf={(each) => each.user}
              test="user-table"
              rowTest="user-row"
            />
          )
        }
      </Show>
      {shown?.what === 'add' && (
        <Add
          onClose={close}
          onDone={(user, secret) => {
            open({ what: 'secret', user, secret });
            list.reload();
          }}
        />
      )}
      {shown?.what === 'secret' && (
        <Secret title={`Password of ${shown.user}`} what="the password" secret={shown.secret} onClose={close} />
      )}
      {shown?.what === 'password' && (
        <Confirm
          title="Draw a new password"
          act="Draw"
          doing={doing}
          onClose={close}
          onAct={() =>
            void doing.run(async () => {
              const made = await post<{ password?: string }>('user.password', { user: shown.user.user });
              opened.value = { what: 'secret', user: shown.user.user, secret: made.password ?? '' };
              list.reload();
            })
          }
        >
          <p>
            The password of{' '}
            <strong>
              <Foreign text={shown.user.user} />
            </strong>{' '}
            becomes another one, and the user's sessions end.
          </p>
        </Confirm>
      )}
      {shown?.what === 'remove' && (
        <Confirm
          title="Remove the user"
          act="Remove"
          isDanger
          typed={shown.user.user}
          doing={doing}
          onClose={close}
          onAct={() =>
            void doing.run(async () => {
              await post('user.remove', { user: shown.user.user });
              say('The user was removed.');
              close();
              list.reload();
            })
          }
        >
          <p>The user can sign in no more, and open sessions end.</p>
        </Confirm>
      )}
    </>
  );
}

export function Users() {
  return (
    <>
      <Heading title="Users" />
      {mayEverywhere('admin') ? <UserTable /> : <NeedsRole role="admin" everywhere />}
    </>
  );
}
