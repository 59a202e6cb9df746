import {
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import { DocumentRegular } from '@fluentui/react-icons/svg/document';
import { useDeviceTemplates } from '../../api/device-templates.ts';
import { useDevices } from '../../api/devices.ts';
import { CodeText } from '../../components/code-text.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { modelIdOf } from './template-words.ts';

const useStyles = makeStyles({
  name: { fontWeight: tokens.fontWeightSemibold, width: '34%', '@media (max-width: 640px)': { width: '70%' } },
  wide: { '@media (max-width: 640px)': { display: 'none' } },
  number: { width: '110px', fontVariantNumeric: 'tabular-nums' },
});

export function DeviceTemplateListPage() {
  const styles = useStyles();
  const templates = useDeviceTemplates();
  const devices = useDevices().data ?? [];
  return (
    <Page
      title="Device templates"
      intro="A template says what a kind of device sends, reports and can be asked. A device that announces its model gets the template by itself."
    >
      {templates.isError && (
        <ErrorMessage
          title="The templates could not be loaded"
          error={templates.error}
          onRetry={() => void templates.refetch()}
        />
      )}
      {templates.isPending && <Loading />}
      {templates.data && (
        <TableFrame label="Device templates">
          {templates.data.length === 0 ? (
            <EmptyState icon={<DocumentRegular />} title="No template yet">
              The templates of the shipped simulators appear once Homeport has started completely.
            </EmptyState>
          ) : (
            <Table aria-label="Device templates">
              <TableHeader>
                <TableRow>
                  <TableHeaderCell className={styles.name}>Template name</TableHeaderCell>
                  <TableHeaderCell className={styles.wide}>Model ID</TableHeaderCell>
                  <TableHeaderCell className={styles.number}>Devices</TableHeaderCell>
                </TableRow>
              </TableHeader>
              <TableBody>
                {templates.data.map((template) => (
                  <TableRow key={template['@id']}>
                    <TableCell className={styles.name}>
                      <RouteLink to={paths.deviceTemplate(template['@id'])}>{template.displayName}</RouteLink>
                    </TableCell>
                    <TableCell className={styles.wide}>
                      <CodeText text={modelIdOf(template)} />
                    </TableCell>
                    <TableCell className={styles.number}>
                      {devices.filter((device) => device.template?.id === template['@id']).length}
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
