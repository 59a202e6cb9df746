import {
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
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { CertificateRegular } from '@fluentui/react-icons/svg/certificate';
import type { GroupRow } from '../../api/contract.ts';
import { useGroupRows } from '../../api/enrollment-groups.ts';
import { useMay } from '../../api/session.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteButton, RouteLink } from '../../components/route-link.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { attestationWords, CertificateStateWord, groupTypeWords } from './group-words.tsx';
import { IdScope } from './id-scope.tsx';

const useStyles = makeStyles({
  table: { minWidth: '900px', '@media (max-width: 640px)': { minWidth: '100%' } },
  attestation: { width: '230px' },
  state: { width: '170px', '@media (max-width: 640px)': { width: '160px' } },
  short: { width: '100px' },
  type: { width: '150px' },
  wide: { '@media (max-width: 640px)': { display: 'none' } },
  number: { fontVariantNumeric: 'tabular-nums', width: '90px', '@media (max-width: 640px)': { width: '76px' } },
  name: { fontWeight: tokens.fontWeightSemibold },
});

/** Permissions > Device connection groups: who may connect without being made by hand. */
export function GroupListPage() {
  const styles = useStyles();
  const groups = useGroupRows();
  const mayWrite = useMay('groups.write');
  const newButton = mayWrite && (
    <RouteButton to={paths.newGroup()} appearance="primary" icon={<AddRegular />} aria-label="+ New">
      New
    </RouteButton>
  );
  return (
    <Page
      title="Device connection groups"
      crumbs={[{ label: 'Permissions', to: paths.groups() }]}
      actions={newButton}
      intro="Devices that prove they belong to a group connect by themselves. An X.509 group trusts every certificate that its verified CA has issued."
    >
      <IdScope />
      {groups.isError && (
        <ErrorMessage title="The groups could not be loaded" error={groups.error} onRetry={() => void groups.refetch()} />
      )}
      {groups.isPending && <Loading />}
      {groups.data && (
        <TableFrame label="Device connection groups">
          {groups.data.length === 0 ? (
            <EmptyState
              icon={<CertificateRegular />}
              title="No device connection group yet"
              action={newButton}
              command="azsphere ca-certificate download --output CAcertificate.cer"
            >
              Make a group for your devices, then upload the CA certificate that issues theirs. The command fetches the one of
              your Azure Sphere tenant.
            </EmptyState>
          ) : (
            <Table className={styles.table} aria-label="Device connection groups">
              <TableHeader>
                <TableRow>
                  <TableHeaderCell>Name</TableHeaderCell>
                  <TableHeaderCell className={mergeClasses(styles.wide, styles.attestation)}>Attestation type</TableHeaderCell>
                  <TableHeaderCell className={mergeClasses(styles.wide, styles.type)}>Group type</TableHeaderCell>
                  <TableHeaderCell className={mergeClasses(styles.wide, styles.short)}>Enabled</TableHeaderCell>
                  <TableHeaderCell className={styles.state}>Certificate</TableHeaderCell>
                  <TableHeaderCell className={styles.number}>Devices</TableHeaderCell>
                  <TableHeaderCell className={mergeClasses(styles.wide, styles.short)}>Refused</TableHeaderCell>
                </TableRow>
              </TableHeader>
              <TableBody>
                {groups.data.map((group) => (
                  <TableRow key={group.id}>
                    <TableCell className={styles.name}>
                      <RouteLink to={paths.group(group.id)}>{group.displayName}</RouteLink>
                    </TableCell>
                    <TableCell className={styles.wide}>{attestationWords(group.attestationType)}</TableCell>
                    <TableCell className={styles.wide}>{groupTypeWords(group.type)}</TableCell>
                    <TableCell className={styles.wide}>
                      {group.enabled ? <StateWord tone="good">On</StateWord> : <StateWord tone="quiet">Off</StateWord>}
                    </TableCell>
                    <TableCell>
                      {group.attestationType === 'x509' ? <CertificateStateWord state={group.certificateState} /> : 'Not used'}
                    </TableCell>
                    <TableCell className={styles.number}>{group.deviceCount}</TableCell>
                    <TableCell className={styles.wide}>
                      <Refusals group={group} />
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          )}
        </TableFrame>
      )}
    </Page>
  );
}

/** How many were refused; a link for whoever may read why. */
function Refusals({ group: { id, displayName, refusalCount } }: { group: GroupRow }) {
  const mayRead = useMay('refusals.read');
  if (refusalCount === 0) return 'None';
  const count = <StateWord tone="warning">{refusalCount}</StateWord>;
  if (!mayRead) return count;
  return (
    <RouteLink to={paths.refusals({ group: id })} aria-label={`${refusalCount} refused by ${displayName}: see why`}>
      {count}
    </RouteLink>
  );
}
