import { computed, signal } from '@preact/signals';

function current(): string {
  return location.hash.replace(/^#/, '') || '/';
}

export const address = signal(current());

// The path in pieces, decoded: ["zones", "example.com.", "records"].
export const path = computed(() => {
  return (address.value.split('?')[0] ?? '')
    .split('/')
    .filter(Boolean)
    .map((piece) => {
      try {
        return decodeURIComponent(piece);
      } catch {
        return piece;
      }
    });
});

export function link(...pieces: string[]): string {
  return `#/${pieces.map(encodeURIComponent).join('/')}`;
}

export function go(...pieces: string[]): void {
  location.hash = link(...pieces);
}

addEventListener('hashchange', () => {
  address.value = current();
});
