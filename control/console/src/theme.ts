import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const kPlace = 'axfrd.theme';

function kept(): Theme {
  const text = localStorage.getItem(kPlace);
  return text === 'light' || text === 'dark' ? text : 'system';
}

export const theme = signal<Theme>(kept());

effect(() => {
  localStorage.setItem(kPlace, theme.value);
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
});
