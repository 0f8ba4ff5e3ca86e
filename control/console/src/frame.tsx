import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { lostSince } from './connection.ts';
import { IconButton } from './parts/basics.tsx';
import { Choice } from './parts/field.tsx';
import { Icon, type IconName } from './parts/icon.tsx';
import { Mark } from './parts/mark.tsx';
import { say } from './parts/outcome.tsx';
import { leave, SignOutDialog } from './parts/sign_out.tsx';
import { draftedZones } from './records/drafts.ts';
import { address, link, path } from './route.ts';
import { may, mayEverywhere, session } from './session.ts';
import { theme, type Theme } from './theme.ts';
import { visible } from './text.ts';
import { clock } from './time.ts';

interface Place {
  piece: string;
  text: string;
  icon: IconName;
  isAllowed?: () => boolean;
}

const kPlaces: Place[] = [
  { piece: '', text: 'Replication', icon: 'replication' },
  { piece: 'zones', text: 'Zones', icon: 'zones' },
  { piece: 'providers', text: 'Providers', icon: 'providers' },
  { piece: 'keys', text: 'Keys and tokens', icon: 'keys', isAllowed: () => mayEverywhere('admin') },
  { piece: 'live', text: 'Live', icon: 'live' },
  { piece: 'server', text: 'Server', icon: 'server' },
  { piece: 'audit', text: 'Audit', icon: 'audit', isAllowed: () => may('reader') },
  { piece: 'users', text: 'Users', icon: 'users', isAllowed: () => mayEverywhere('admin') },
];

function Navigation() {
  const here = path.value[0] ?? '';
  return (
    <nav class="navigation" aria-label="Pages" id="navigation">
      {kPlaces
        .filter((place) => place.isAllowed?.() ?? true)
        .map(({ piece, text, icon }) => (
          <a
            key={piece}
            href={piece ? link(piece) : '#/'}
            aria-current={here === piece ? 'page' : undefined}
            data-test={`nav-${piece || 'replication'}`}
          >
            <Icon name={icon} />
            <span>{text}</span>
          </a>
        ))}
    </nav>
  );
}

function UserMenu() {
  const isOpen = useSignal(false);
  const isLeaving = useSignal(false);
  const menu = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent) {
        if (event.key !== 'Escape' || !isOpen.value) return;
        opener.current?.focus();
      } else if (event.target instanceof Node && menu.current?.contains(event.target)) {
        return;
      }
      isOpen.value = false;
    };
    document.addEventListener('click', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('click', close);
      document.removeEventListener('keydown', close);
    };
  }, []);
  const signOut = () => {
    isOpen.value = false;
    if (draftedZones().length > 0) isLeaving.value = true;
    else leave(false).catch((error: unknown) => say(error instanceof Error ? error.message : String(error), 'bad'));
  };
  const own = session.value;
  return (
    <div class="user-menu" ref={menu}>
      <button
        type="button"
        ref={opener}
        class="user-button"
        aria-expanded={isOpen.value}
        aria-controls="user-menu"
        data-test="user-menu"
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="person" />
        <bdi>{visible(own?.user ?? '')}</bdi>
      </button>
      {isOpen.value && (
        <div class="menu" id="user-menu">
          <p class="quiet">{own?.role}</p>
          <a
            href={link('account')}
            data-test="account-link"
            onClick={() => {
              isOpen.value = false;
            }}
          >
            Account
          </a>
          <Choice
            label="Theme"
            value={theme.value}
            test="theme"
            onChange={(value) => {
              theme.value = value as Theme;
            }}
            options={[
              ['system', 'As the system'],
              ['light', 'Light'],
              ['dark', 'Dark'],
            ]}
          />
          <button type="button" class="menu-act" onClick={signOut} data-test="sign-out">
            Sign out
          </button>
        </div>
      )}
      {isLeaving.value && (
        <SignOutDialog
          everywhere={false}
          onClose={() => {
            isLeaving.value = false;
          }}
        />
      )}
    </div>
  );
}

function Banners() {
  return (
    <div aria-live="assertive">
      {lostSince.value !== null && (
        <div class="banner offline" data-test="banner-offline">
          <Icon name="warning" />
          <span>No connection to axfrd since {clock(lostSince.value)}. What you see may be old. Trying again…</span>
        </div>
      )}
      {session.value?.standby && (
        <div class="banner standby" data-test="banner-standby">
          <Icon name="info" />
          <span>This axfrd is a standby. It shows what the primary had at the last backup, and takes no changes.</span>
        </div>
      )}
    </div>
  );
}

export function Frame({ children }: { children: ComponentChildren }) {
  const isOpen = useSignal(false);
  const here = address.value;
  useEffect(() => {
    isOpen.value = false;
    scrollTo(0, 0);
  }, [here.split('/').slice(0, 3).join('/')]);
  return (
    <div class="frame" data-menu={isOpen.value ? 'open' : undefined}>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>('main')?.focus()}>
        Skip to the content
      </button>
      <header class="header">
        <div class="fold">
          <IconButton
            icon={isOpen.value ? 'close' : 'menu'}
            label={isOpen.value ? 'Close the menu' : 'Open the menu'}
            test="menu"
            onClick={() => {
              isOpen.value = !isOpen.value;
            }}
          />
        </div>
        <a class="product" href="#/">
          <Mark />
          <span>axfrd</span>
        </a>
        <UserMenu />
      </header>
      <Navigation />
      <div class="content">
        <Banners />
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}
