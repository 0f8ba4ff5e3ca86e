import type { Signal } from '@preact/signals';
import { kRoles } from '../session.ts';
import { withoutDot } from '../text.ts';
import type { Role } from '../types.ts';
import { bound, Choice, TextField } from './field.tsx';

const kRoleOptions: [string, string][] = [
  ['reader', 'reader: looks'],
  ['editor', 'editor: changes records and zones'],
  ['secondary-manager', 'secondary-manager: Secondary DNS, too'],
  ['admin', 'admin: all'],
];

export function scopeText(zones: string[]): string {
  return zones.includes('*') ? 'all' : zones.map(withoutDot).join(', ');
}

// What a token or a user may do, and in which zones.
export function ScopeFields({ role, zones, test }: { role: Signal<Role>; zones: Signal<string>; test: string }) {
  return (
    <>
      <Choice
        label="Role"
        value={role.value}
        options={kRoleOptions}
        test={`${test}-role`}
        onChange={(value) => {
          role.value = kRoles.find((each) => each === value) ?? 'reader';
        }}
      />
      <TextField
        label="Zones"
        {...bound(zones)}
        isMono
        test={`${test}-zones`}
        hint="Empty: all. NAME, or *.NAME for those below it."
      />
    </>
  );
}
