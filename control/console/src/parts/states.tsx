import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, textOf } from '../api.ts';
import type { Loaded } from '../load.ts';
import { kRoles, session } from '../session.ts';
import type { Role } from '../types.ts';
import { Button, Foreign, Notice } from './basics.tsx';
import { Icon, type IconName } from './icon.tsx';

// Grey bars in place of what comes, after a moment, so that a quick answer does not flicker.
export function Skeleton({ rows = 5 }: { rows?: number }) {
  const isShown = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      isShown.value = true;
    }, 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status">
      <span class="unseen">Loading…</span>
      {isShown.value && Array.from({ length: rows }, (_, at) => <div key={at} class="bar" />)}
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  if (error instanceof ApiError && error.status === 403) {
    return (
      <Notice tone="off" test="forbidden">
        <p>
          <strong>You may not see or do this.</strong> <Foreign text={error.message} />
        </p>
      </Notice>
    );
  }
  return (
    <div role="alert" data-test="failure">
      <Notice tone="bad">
        <p>
          <Foreign text={textOf(error)} />
        </p>
        {again && (
          <Button icon="refresh" onClick={again}>
            Try again
          </Button>
        )}
      </Notice>
    </div>
  );
}

// What stands in place of a page for those whose role is too small for it.
export function NeedsRole({ role, everywhere }: { role: Role; everywhere?: boolean }) {
  const own = session.value;
  const isRole = own && kRoles.indexOf(own.role) < kRoles.indexOf(role);
  return (
    <Notice tone="off" test="forbidden">
      <p>
        <strong>You may not see this page.</strong> It takes the role {role}
        {everywhere ? ' with all zones' : ''}; you have the role {own?.role}
        {isRole ? '' : ' for some zones alone'}. An administrator can change that under Users.
      </p>
    </Notice>
  );
}

// The three states of something loaded.
export function Show<T>({
  of,
  children,
  rows,
}: {
  of: Loaded<T>;
  children: (data: T) => ComponentChildren;
  rows?: number;
}) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error !== undefined) return <Failure error={of.error} again={of.reload} />;
  return <Skeleton rows={rows} />;
}
