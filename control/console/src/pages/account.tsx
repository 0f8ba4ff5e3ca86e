import { useSignal } from '@preact/signals';
import { post } from '../api.ts';
import { Button, Card, Fact, Facts, Foreign, Heading } from '../parts/basics.tsx';
import { bound, TextField } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Failure } from '../parts/states.tsx';
import { SignOutDialog } from '../parts/sign_out.tsx';
import { When } from '../parts/when.tsx';
import { useDoing } from '../load.ts';
import { session } from '../session.ts';
import { withoutDot } from '../text.ts';
import { span } from '../time.ts';

const kLeast = 10;

function passwordTrouble(text: string): string {
  return text.length < kLeast || text.length > 256 ? `Take ${kLeast} to 256 characters.` : '';
}

export function Account() {
  const old = useSignal('');
  const fresh = useSignal('');
  const again = useSignal('');
  const isAsked = useSignal(false);
  const isLeaving = useSignal(false);
  const doing = useDoing();
  const own = session.value;
  if (!own) return null;
  const differs = fresh.value === again.value ? '' : 'The two differ.';

  const change = (event: Event) => {
    event.preventDefault();
    isAsked.value = true;
    if (old.value === '' || passwordTrouble(fresh.value) || differs) return;
    void doing.run(async () => {
      await post('console/password', { old: old.value, new: fresh.value });
      old.value = fresh.value = again.value = '';
      isAsked.value = false;
      say('The password is changed. Your other sessions have ended.');
    });
  };
  return (
    <>
      <Heading title="Account" />
      <div class="stack">
        <Card title="You">
          <Facts>
            <Fact term="User">
              <Foreign text={own.user} />
            </Fact>
            <Fact term="Role">{own.role}</Fact>
            <Fact term="Zones">
              <Foreign text={own.zones.includes('*') ? 'all' : own.zones.map(withoutDot).join(', ')} />
            </Fact>
            <Fact term="Signed in by">{own.by === 'proxy' ? 'the reverse proxy' : own.by}</Fact>
            <Fact term="Session ends">
              <When at={own.expires} />, or after {span(own.idle_seconds)} without use
            </Fact>
          </Facts>
          <Button
            test="sign-out-everywhere"
            onClick={() => {
              isLeaving.value = true;
            }}
          >
            Sign out everywhere
          </Button>
        </Card>
        {own.by === 'password' && (
          <Card title="Change your password">
            <form onSubmit={change} noValidate class="stack narrow">
              <input type="text" autocomplete="username" value={own.user} readOnly hidden />
              <TextField
                label="Present password"
                type="password"
                autocomplete="current-password"
                {...bound(old)}
                isAsked={isAsked.value}
                trouble={old.value === '' ? 'Enter the password that you have now.' : ''}
                test="password-old"
              />
              <TextField
                label="New password"
                type="password"
                autocomplete="new-password"
                {...bound(fresh)}
                isAsked={isAsked.value}
                trouble={passwordTrouble(fresh.value)}
                hint={`${kLeast} to 256 characters.`}
                test="password-new"
              />
              <TextField
                label="New password again"
                type="password"
                autocomplete="new-password"
                {...bound(again)}
                isAsked={isAsked.value}
                trouble={differs}
                test="password-again"
              />
              {doing.error !== undefined && <Failure error={doing.error} />}
              <div>
                <Button type="submit" look="main" isBusy={doing.isBusy} test="password-save">
                  Change the password
                </Button>
              </div>
            </form>
          </Card>
        )}
      </div>
      {isLeaving.value && (
        <SignOutDialog
          everywhere
          onClose={() => {
            isLeaving.value = false;
          }}
        />
      )}
    </>
  );
}
