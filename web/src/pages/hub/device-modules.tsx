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
import { IotRegular } from '@fluentui/react-icons/svg/iot';
import { useHubModules } from '../../api/hub-twins.ts';
import { CodeText } from '../../components/code-text.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { ConnectionWord } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { authenticationWord } from './hub-device-filter.ts';

const useStyles = makeStyles({
  name: { fontWeight: tokens.fontWeightSemibold },
  wide: { '@media (max-width: 640px)': { display: 'none' } },
});

/** The modules of a device, each with a twin, keys and a connection of its own. */
export function DeviceModules({ hub, id }: { hub: string; id: string }) {
  const styles = useStyles();
  const modules = useHubModules(hub, id);
  if (modules.isError && !modules.data) {
    return <ErrorMessage title="The modules could not be loaded" error={modules.error} onRetry={() => void modules.refetch()} />;
  }
  if (!modules.data) return <Loading />;
  return (
    <TableFrame label="Modules">
      {modules.data.length === 0 ? (
        <EmptyState
          icon={<IotRegular />}
          title="No module yet"
          command={`homeport hub module create --device-id ${id} --module-id filter`}
        >
          A module is a part of a device that connects by itself, under the device’s name and its own.
        </EmptyState>
      ) : (
        <Table aria-label="Modules">
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Module ID</TableHeaderCell>
              <TableHeaderCell className={styles.wide}>Authentication type</TableHeaderCell>
              <TableHeaderCell>Connection</TableHeaderCell>
              <TableHeaderCell className={styles.wide}>Managed by</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {modules.data.map(({ moduleId, authentication, connectionState, managedBy }) => (
              <TableRow key={moduleId}>
                <TableCell className={styles.name}>
                  <CodeText text={moduleId} copyLabel={`Copy ${moduleId}`} />
                </TableCell>
                <TableCell className={styles.wide}>{authenticationWord(authentication.type)}</TableCell>
                <TableCell>
                  <ConnectionWord isConnected={connectionState === 'Connected'} />
                </TableCell>
                <TableCell className={mergeClasses(styles.wide)}>{managedBy ?? ''}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </TableFrame>
  );
}
