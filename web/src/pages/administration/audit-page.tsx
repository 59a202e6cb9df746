import { makeStyles } from '@fluentui/react-components';
import { HistoryRegular } from '@fluentui/react-icons/svg/history';
import { useEffect, useRef } from 'react';
import { useSearchParams } from 'react-router';
import { useAudit } from '../../api/audit.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteButton, RouteLink } from '../../components/route-link.tsx';
import { serverNow } from '../../components/server-time.ts';
import { TableFrame } from '../../components/table-frame.tsx';
import { writeFilter } from '../../components/write-filter.ts';
import { paths } from '../../paths.ts';
import { type AuditFilter, auditQuery, readAuditFilter, spanProblem } from './audit-filter.ts';
import { AuditFilterRow } from './audit-filter-row.tsx';
import { AuditTable } from './audit-table.tsx';

const useStyles = makeStyles({
  pages: { display: 'flex', flexWrap: 'wrap', justifyContent: 'center', gap: '8px' },
});

/** Who changed what, when, and from where. */
export function AuditPage() {
  const [search, setSearch] = useSearchParams();
  const filter = readAuditFilter(search);
  const audit = useAudit(filter, () => auditQuery(filter, serverNow()));
  const entries = audit.data?.entries ?? [];
  // A second field may change before the address shows the first: each change builds on the one before.
  const newest = useRef(search);
  useEffect(() => {
    newest.current = search;
  }, [search]);
  const change = (next: Partial<AuditFilter>) => {
    // Another filter begins with its newest entry.
    newest.current = writeFilter(newest.current, { before: '', ...next });
    setSearch(newest.current, { replace: true });
  };
  return (
    <Page
      title="Audit log"
      intro={
        <>
          Every change, by pages, commands and back ends. What was refused changed nothing:{' '}
          <RouteLink to={paths.refusals()}>see who was refused, and why</RouteLink>.
        </>
      }
    >
      <AuditFilterRow filter={filter} entries={entries} problem={spanProblem(filter)} onChange={change} />
      {audit.isError && (
        <ErrorMessage title="The audit log could not be loaded" error={audit.error} onRetry={() => void audit.refetch()} />
      )}
      {audit.isPending && <Loading rows={8} />}
      {audit.data && entries.length === 0 && <NoChange filter={filter} />}
      {entries.length > 0 && <AuditTable entries={entries} addressOf={(next) => addressOf(search, next)} />}
      <Paging
        isFirst={filter.before === ''}
        newest={addressOf(search, { before: '' })}
        older={audit.data?.hasMore ? addressOf(search, { before: String(entries.at(-1)?.sequence ?? '') }) : undefined}
      />
    </Page>
  );
}

function addressOf(search: URLSearchParams, change: Partial<AuditFilter>): string {
  return `?${writeFilter(search, { before: '', ...change })}`;
}

function NoChange({ filter }: { filter: AuditFilter }) {
  const isFiltered = Object.values(filter).some((value) => value !== '');
  return (
    <TableFrame label="Changes">
      <EmptyState
        icon={<HistoryRegular />}
        title={isFiltered ? 'No change passes the filter' : 'Nothing was changed yet'}
        {...(isFiltered
          ? { action: <RouteButton to={paths.audit()}>Show all changes</RouteButton> }
          : { command: 'homeport audit' })}
      >
        {isFiltered
          ? 'Names are compared letter for letter, and a path from its beginning.'
          : 'Whoever changes something is listed here with the time and the address it came from. The command prints the same.'}
      </EmptyState>
    </TableFrame>
  );
}

function Paging({ isFirst, newest, older }: { isFirst: boolean; newest: string; older: string | undefined }) {
  const styles = useStyles();
  if (isFirst && older === undefined) return null;
  return (
    <nav className={styles.pages} aria-label="Pages of the audit log">
      {!isFirst && <RouteButton to={newest}>Newest</RouteButton>}
      {older !== undefined && <RouteButton to={older}>Older</RouteButton>}
    </nav>
  );
}
