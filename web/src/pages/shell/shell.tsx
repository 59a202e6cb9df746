import { makeStyles, mergeClasses, OverlayDrawer, Spinner, tokens } from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import { matchRoutes, Navigate, Outlet, useLocation } from 'react-router';
import { ApiError } from '../../api/http.ts';
import { useLiveEvents } from '../../api/live-events.ts';
import { useSession } from '../../api/session.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { useIsNarrow } from '../../components/use-is-narrow.ts';
import { paths, patterns } from '../../paths.ts';
import { ClockBar } from './clock-bar.tsx';
import { CommandPalette } from './command-palette.tsx';
import { LeftPane } from './left-pane.tsx';
import { TopBar } from './top-bar.tsx';

const useStyles = makeStyles({
  shell: { display: 'grid', gridTemplateRows: '48px auto minmax(0, 1fr)', gridTemplateColumns: 'minmax(0, 1fr)', height: '100%' },
  below: { display: 'flex', minHeight: 0 },
  pane: {
    width: '220px',
    flexShrink: 0,
    overflowY: 'auto',
    overflowX: 'hidden',
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  paneCollapsed: { width: '57px' },
  main: {
    flexGrow: 1,
    minWidth: 0,
    overflowY: 'auto',
    padding: '24px',
    backgroundColor: tokens.colorNeutralBackground1,
    '@media (max-width: 640px)': { padding: '16px' },
  },
  skip: {
    position: 'absolute',
    left: '8px',
    top: '-60px',
    zIndex: 30,
    padding: '8px 12px',
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForegroundLink,
    ':focus': { top: '8px' },
  },
  drawer: { width: '280px' },
  waiting: { display: 'flex', justifyContent: 'center', padding: '48px 16px' },
});

const paneKey = 'homeport.pane';
/** Top bar, left pane and the page. Nobody signed in: to the sign-in page and back here afterwards. */
export function Shell() {
  const styles = useStyles();
  const session = useSession();
  const location = useLocation();
  if (session.isPending) {
    return (
      <div className={styles.waiting}>
        <Spinner delay={150} label="Loading" />
      </div>
    );
  }
  if (session.error instanceof ApiError && session.error.status === 401) {
    return <Navigate to={paths.signIn()} replace state={{ from: location.pathname + location.search }} />;
  }
  if (session.isError) {
    return (
      <main className={styles.main}>
        <ErrorMessage title="Homeport could not be reached" error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  }
  return <SignedInShell />;
}

function SignedInShell() {
  const styles = useStyles();
  const location = useLocation();
  const isNarrow = useIsNarrow();
  const [isCollapsed, setCollapsed] = useState(() => localStorage.getItem(paneKey) === 'collapsed');
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useLiveEvents(openDevice(location.pathname));
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      setPaletteOpen((isOpen) => !isOpen);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  function togglePane() {
    if (isNarrow) {
      setDrawerOpen(!isDrawerOpen);
      return;
    }
    localStorage.setItem(paneKey, isCollapsed ? 'expanded' : 'collapsed');
    setCollapsed(!isCollapsed);
  }

  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <TopBar
        isPaneOpen={isNarrow ? isDrawerOpen : !isCollapsed}
        onTogglePane={togglePane}
        onPalette={() => setPaletteOpen(true)}
      />
      <div>
        <ClockBar />
      </div>
      <div className={styles.below}>
        {isNarrow && isDrawerOpen && (
          <OverlayDrawer
            className={styles.drawer}
            open
            position="start"
            aria-label="Navigation"
            onOpenChange={(_event, data) => setDrawerOpen(data.open)}
          >
            <LeftPane isCollapsed={false} onNavigate={() => setDrawerOpen(false)} />
          </OverlayDrawer>
        )}
        {!isNarrow && (
          <div className={mergeClasses(styles.pane, isCollapsed && styles.paneCollapsed)}>
            <LeftPane isCollapsed={isCollapsed} />
          </div>
        )}
        <main className={styles.main} id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      {isPaletteOpen && <CommandPalette onClose={() => setPaletteOpen(false)} />}
    </div>
  );
}

/** The device whose page is open, if one is. `matchRoutes` decodes what stands in the path; `matchPath` would not. */
function openDevice(pathname: string): string | undefined {
  return matchRoutes([{ path: patterns.device }, { path: patterns.deviceTab }], pathname)?.[0]?.params.deviceId;
}
