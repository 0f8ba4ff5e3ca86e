import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, textOf } from '../api.ts';
import { Button, Notice } from '../parts/basics.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { bound, TextField } from '../parts/field.tsx';
import { now } from '../parts/when.tsx';
import { Mark } from '../parts/mark.tsx';
import { forget, refresh, session, signIn, startFailure } from '../session.ts';

function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return textOf(error);
  if (error.status === 401) return 'That did not fit. Check what you typed, and try again.';
  if (error.status === 503) return `axfrd is busy with other sign-ins. Try again in a moment. (${error.message})`;
  return error.message;
}

function SignInForm({ user }: { user?: string }) {
  const name = useSignal(user ?? '');
  const password = useSignal('');
  const token = useSignal('');
  const isToken = useSignal(false);
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const waitsUntil = useSignal(0);
  const wait = Math.ceil(waitsUntil.value - now.value);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy.value) return;
    isBusy.value = true;
    error.value = undefined;
    try {
      await signIn(
        isToken.value ? { token: token.value.trim() } : { user: name.value.trim(), password: password.value },
      );
    } catch (caught) {
      error.value = caught;
      password.value = '';
      if (caught instanceof ApiError && caught.status === 429) {
        now.value = Date.now() / 1000;
        waitsUntil.value = now.value + (caught.retryAfter || 30);
      }
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} class="stack">
      {error.value !== undefined && wait <= 0 && (
        <div role="alert">
          <Notice tone="bad" test="sign-in-error">
            {sentenceOf(error.value)}
          </Notice>
        </div>
      )}
      {wait > 0 && (
        <div role="alert">
          <Notice tone="warning" test="sign-in-throttled">
            Too many tries. Try again in {wait} s.
          </Notice>
        </div>
      )}
      {isToken.value ? (
        <TextField label="Token" type="password" {...bound(token)} test="sign-in-token" isRequired hasFocus isMono />
      ) : (
        <>
          <TextField
            label="User"
            {...bound(name)}
            autocomplete="username"
            test="sign-in-user"
            isRequired
            hasFocus={!user}
          />
          <TextField
            label="Password"
            type="password"
            {...bound(password)}
            autocomplete="current-password"
            test="sign-in-password"
            isRequired
            hasFocus={Boolean(user)}
          />
        </>
      )}
      <Button type="submit" look="main" isBusy={isBusy.value} isDisabled={wait > 0} test="sign-in-submit">
        Sign in
      </Button>
      <Button
        look="quiet"
        test="sign-in-switch"
        onClick={() => {
          isToken.value = !isToken.value;
          error.value = undefined;
        }}
      >
        {isToken.value ? 'Use a user and password' : 'Use a token instead'}
      </Button>
    </form>
  );
}

export function SignIn() {
  useEffect(() => {
    document.title = 'Sign in · axfrd';
  }, []);
  return (
    <main class="sign-in" id="main">
      <div class="sign-in-box">
        <Mark />
        <h1>Sign in to axfrd</h1>
        <SignInForm />
      </div>
    </main>
  );
}

// Over the page, which stays as it is, with its draft.
export function SignInAgain() {
  return (
    <Dialog title="Your session has ended" test="sign-in-again">
      <p>Sign in again to go on. The page and your draft are kept.</p>
      <SignInForm user={session.value?.by === 'password' ? session.value.user : undefined} />
      <p>
        <button type="button" class="link" onClick={forget}>
          Leave the page instead
        </button>
      </p>
    </Dialog>
  );
}

export function CannotStart() {
  return (
    <main class="sign-in" id="main">
      <div class="sign-in-box">
        <Mark />
        <h1>axfrd does not answer</h1>
        <p>{startFailure.value}</p>
        <Button icon="refresh" onClick={() => void refresh().catch(() => undefined)}>
          Try again
        </Button>
      </div>
    </main>
  );
}
