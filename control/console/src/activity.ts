// Whether somebody is at the page. What a page asks for by itself keeps no session alive (ConsoleSessions of axfrd).
const kRecently = 60_000;
let actedAt = Date.now();

for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchmove']) {
  addEventListener(
    kind,
    () => {
      actedAt = Date.now();
    },
    { capture: true, passive: true },
  );
}

export function isSomebodyHere(): boolean {
  return Date.now() - actedAt < kRecently;
}
