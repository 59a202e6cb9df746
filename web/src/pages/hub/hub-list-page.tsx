import {
  Button,
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { useState } from 'react';
import type { Hub } from '../../api/contract.ts';
import { useHubs } from '../../api/hubs.ts';
import { useMay } from '../../api/session.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { DeleteHub } from './delete-hub.tsx';
import { NewHub } from './new-hub.tsx';

const useStyles = makeStyles({
  table: { minWidth: '840px', '@media (max-width: 640px)': { minWidth: '100%' } },
  name: { fontWeight: tokens.fontWeightSemibold, width: '24%', '@media (max-width: 640px)': { width: '34%' } },
  wide: { '@media (max-width: 640px)': { display: 'none' } },
  number: { fontVariantNumeric: 'tabular-nums', width: '90px' },
  refused: { width: '90px' },
  action: { width: '56px' },
});

/** The hubs of this installation, each with devices, keys and messages of its own. */
export function HubListPage() {
  const hubs = useHubs({ staleMs: 0 });
  const mayWrite = useMay('hubs.write');
  return (
    <Page
      title="IoT hubs"
      actions={mayWrite && hubs.data && <NewHub taken={hubs.data.map(({ name }) => name)} />}
      intro="Each hub has its own devices, keys, CA certificates and messages. The application and device provisioning use the first."
    >
      {hubs.isError && (
        <ErrorMessage title="The hubs could not be loaded" error={hubs.error} onRetry={() => void hubs.refetch()} />
      )}
      {hubs.isPending && <Loading />}
      {hubs.data && <HubTable hubs={hubs.data} mayWrite={mayWrite} />}
    </Page>
  );
}

function HubTable({ hubs, mayWrite }: { hubs: readonly Hub[]; mayWrite: boolean }) {
  const styles = useStyles();
  const mayRefusals = useMay('refusals.read');
  const [doomed, setDoomed] = useState<Hub>();
  return (
    <>
      <TableFrame label="IoT hubs">
        <Table className={styles.table} aria-label="IoT hubs">
          <TableHeader>
            <TableRow>
              <TableHeaderCell className={styles.name}>Name</TableHeaderCell>
              <TableHeaderCell>Host name</TableHeaderCell>
              <TableHeaderCell className={styles.wide}>URL</TableHeaderCell>
              <TableHeaderCell className={mergeClasses(styles.wide, styles.number)}>Devices</TableHeaderCell>
              {mayRefusals && <TableHeaderCell className={mergeClasses(styles.wide, styles.refused)}>Refused</TableHeaderCell>}
              {mayWrite && <TableHeaderCell className={styles.action} aria-label="Delete" />}
            </TableRow>
          </TableHeader>
          <TableBody>
            {hubs.map((hub) => (
              <TableRow key={hub.name}>
                <TableCell className={styles.name}>
                  <RouteLink to={paths.hubOverview({ hub: hub.name })}>{hub.name}</RouteLink>
                </TableCell>
                <TableCell>
                  <CodeText text={hub.hostName} copyLabel={`Copy host name of ${hub.name}`} />
                </TableCell>
                <TableCell className={styles.wide}>
                  <CodeText text={hub.url} copyLabel={`Copy URL of ${hub.name}`} />
                </TableCell>
                <TableCell className={mergeClasses(styles.wide, styles.number)}>{hub.deviceCount}</TableCell>
                {mayRefusals && (
                  <TableCell className={mergeClasses(styles.wide, styles.refused)}>
                    <RouteLink to={paths.refusals({ hub: hub.name })} aria-label={`See why ${hub.name} refused somebody`}>
                      See why
                    </RouteLink>
                  </TableCell>
                )}
                {mayWrite && (
                  <TableCell className={styles.action}>
                    {!hub.isApplications && (
                      <Button
                        appearance="subtle"
                        icon={<DeleteRegular />}
                        aria-label={`Delete ${hub.name}`}
                        title={`Delete ${hub.name}`}
                        onClick={() => setDoomed(hub)}
                      />
                    )}
                  </TableCell>
                )}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableFrame>
      {doomed && <DeleteHub hub={doomed} onClose={() => setDoomed(undefined)} />}
    </>
  );
}
