import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ComponentType } from 'preact';
import { Failure, Skeleton } from './states.tsx';

// A part of the page whose program is loaded when it is first shown. After an update of axfrd the old program is gone
// from the server, so that the page as a whole has to be loaded anew.
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const shown = useSignal<{ part?: ComponentType<Props>; hasFailed?: boolean }>({ part: loaded });
    useEffect(() => {
      if (loaded) return;
      load().then(
        (part) => {
          loaded = part;
          shown.value = { part };
        },
        () => {
          shown.value = { hasFailed: true };
        },
      );
    }, []);
    const { part: Part, hasFailed } = shown.value;
    if (Part) return <Part {...props} />;
    if (hasFailed)
      return (
        <Failure error={new Error('This part of the console could not be loaded.')} again={() => location.reload()} />
      );
    return <Skeleton rows={3} />;
  };
}
