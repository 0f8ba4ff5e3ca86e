import { render, type ComponentType } from 'preact';
import { lostSince } from './connection.ts';
import { Frame } from './frame.tsx';
import { Replication } from './pages/replication.tsx';
import { CannotStart, SignIn, SignInAgain } from './pages/sign_in.tsx';
import { Zones } from './pages/zones.tsx';
import { Heading } from './parts/basics.tsx';
import { lazy } from './parts/lazy.tsx';
import { Outcome } from './parts/outcome.tsx';
import { Empty } from './parts/states.tsx';
import { path } from './route.ts';
import { expired, refresh, session, startFailure } from './session.ts';
import { asciiName, withDot } from './text.ts';
import './theme.ts';

function NotFound() {
  return (
    <>
      <Heading title="No such page" />
      <Empty icon="search" title="There is no page at this address">
        <p>
          <a href="#/">See the replication</a>
        </p>
      </Empty>
    </>
  );
}

const Zone = lazy(async () => (await import('./pages/zone.tsx')).Zone);

const kPages: Record<string, ComponentType> = {
  providers: lazy(async () => (await import('./pages/providers.tsx')).Providers),
  keys: lazy(async () => (await import('./pages/keys_and_tokens.tsx')).KeysAndTokens),
  live: lazy(async () => (await import('./pages/live.tsx')).Live),
  server: lazy(async () => (await import('./pages/server.tsx')).Server),
  audit: lazy(async () => (await import('./pages/audit.tsx')).Audit),
  users: lazy(async () => (await import('./pages/users.tsx')).Users),
  account: lazy(async () => (await import('./pages/account.tsx')).Account),
};

function Page() {
  const [first, second] = path.value;
  if (first === undefined) return <Replication />;
  if (first === 'zones' && second === undefined) return <Zones />;
  if (first === 'zones' && second !== undefined) {
    const zone = withDot(asciiName(second).toLowerCase());
    return <Zone key={zone} zone={zone} />;
  }
  const Other = Object.hasOwn(kPages, first) ? kPages[first]! : NotFound;
  return <Other />;
}

function Console() {
  if (startFailure.value !== null && session.value === undefined) return <CannotStart />;
  if (session.value === undefined) return null;
  if (session.value === null) return <SignIn />;
  return (
    <>
      <Frame>
        <Page />
      </Frame>
      {expired.value && lostSince.value === null && <SignInAgain />}
    </>
  );
}

// The toasts stand beside the page, so that they outlive it.
function App() {
  return (
    <>
      <Console />
      <Outcome />
    </>
  );
}

refresh().catch(() => undefined);
const place = document.getElementById('app');
if (place) render(<App />, place);
