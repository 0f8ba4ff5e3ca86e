import { draftedZones, dropAll } from '../records/drafts.ts';
import { useDoing } from '../load.ts';
import { signOut } from '../session.ts';
import { withoutDot } from '../text.ts';
import { Foreign } from './basics.tsx';
import { Confirm } from './dialog.tsx';

export async function leave(everywhere: boolean): Promise<void> {
  await signOut(everywhere);
  dropAll();
}

// Asks before a sign-out that would lose a draft, or that ends more than this session.
export function SignOutDialog({ everywhere, onClose }: { everywhere: boolean; onClose: () => void }) {
  const doing = useDoing();
  const zones = draftedZones();
  return (
    <Confirm
      title={everywhere ? 'Sign out everywhere' : 'Sign out'}
      act={everywhere ? 'Sign out everywhere' : 'Sign out'}
      doing={doing}
      onClose={onClose}
      onAct={() => void doing.run(() => leave(everywhere))}
    >
      {everywhere && <p>All your sessions end, in this browser and in others.</p>}
      {zones.length > 0 && (
        <p>
          The draft of <Foreign text={zones.map(withoutDot).join(', ')} /> has not been committed. It is lost.
        </p>
      )}
    </Confirm>
  );
}
