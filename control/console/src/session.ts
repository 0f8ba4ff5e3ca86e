import { signal } from '@preact/signals';
import * as api from './api.ts';
import { whenLost } from './connection.ts';
import type { Role, Session } from './types.ts';

// undefined: not asked yet; null: nobody is signed in.
export const session = signal<Session | null | undefined>(undefined);

// The session has ended under an open page: a dialog asks to sign in, and the page stays as it is.
export const expired = signal(false);

// Why the console could not even ask who is signed in.
export const startFailure = signal<string | null>(null);

let waiting: (() => void)[] = [];

export const kRoles: Role[] = ['reader', 'editor', 'secondary-manager', 'admin'];

export function may(role: Role): boolean {
  const own = session.value?.role;
  return own !== undefined && kRoles.indexOf(own) >= kRoles.indexOf(role);
}

// What concerns no zone alone wants all zones.
export function hasAllZones(): boolean {
  return session.value?.zones.includes('*') ?? false;
}

export function mayEverywhere(role: Role): boolean {
  return may(role) && hasAllZones();
}

function signedIn(fresh: Session): void {
  session.value = fresh;
  expired.value = false;
  for (const go of waiting.splice(0)) go();
}

export async function refresh(): Promise<void> {
  try {
    const fresh = await api.get<Session>('console/session', {}, { isSignIn: true });
    startFailure.value = null;
    signedIn(fresh);
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status !== 401) {
      if (session.value === undefined) startFailure.value = api.textOf(error);
      throw error;
    }
    startFailure.value = null;
    if (session.value) expired.value = true;
    else session.value = null;
  }
}

export async function signIn(secret: { user: string; password: string } | { token: string }): Promise<void> {
  signedIn(await api.post<Session>('console/session', secret, { isSignIn: true }));
}

export async function signOut(everywhere: boolean): Promise<void> {
  try {
    await api.remove(everywhere ? 'console/session?everywhere=yes' : 'console/session', { isSignIn: true });
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status !== 401) throw error;
  }
  forget();
}

// Leaves the page without a session; what still waited for one is let go unanswered with its page.
export function forget(): void {
  waiting = [];
  expired.value = false;
  session.value = null;
}

api.whenSignedOut(() => {
  if (session.value) expired.value = true;
  return new Promise((go) => waiting.push(go));
});
whenLost(refresh);
