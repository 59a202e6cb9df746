import {
  makeStyles,
  Subtitle1,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from '@fluentui/react-components';
import { useParams } from 'react-router';
import { useDeviceTemplate } from '../../api/device-templates.ts';
import { useDevices } from '../../api/devices.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Facts } from '../../components/facts.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { capabilitiesOf, modelIdOf } from './template-words.ts';

const useStyles = makeStyles({
  heading: { margin: 0 },
  wide: { '@media (max-width: 640px)': { display: 'none' } },
});

const crumbs = [{ label: 'Device templates', to: paths.deviceTemplates() }];

/** What one template says, to be read. */
export function DeviceTemplatePage() {
  const styles = useStyles();
  const templateId = useParams().templateId ?? '';
  const template = useDeviceTemplate(templateId);
  const count = (useDevices().data ?? []).filter((device) => device.template?.id === templateId).length;
  if (template.isError && !template.data) {
    return (
      <Page title="Device template" crumbs={crumbs}>
        <ErrorMessage title="The template could not be loaded" error={template.error} onRetry={() => void template.refetch()} />
      </Page>
    );
  }
  if (!template.data) return <Loading />;
  return (
    <Page title={template.data.displayName} crumbs={crumbs} intro={template.data.description}>
      <Facts
        facts={[
          { name: 'Model ID', value: <CodeText text={modelIdOf(template.data)} copyLabel="Copy model ID" /> },
          { name: 'Template ID', value: <CodeText text={templateId} copyLabel="Copy template ID" /> },
          { name: 'Devices', value: <RouteLink to={paths.devices({ template: templateId })}>{String(count)}</RouteLink> },
        ]}
      />
      <TableFrame label="Capabilities">
        <Table aria-label="Capabilities">
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Display name</TableHeaderCell>
              <TableHeaderCell className={styles.wide}>Name</TableHeaderCell>
              <TableHeaderCell>Kind</TableHeaderCell>
              <TableHeaderCell>Schema</TableHeaderCell>
              <TableHeaderCell className={styles.wide}>More</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {capabilitiesOf(template.data).map((item) => (
              <TableRow key={`${item.kind} ${item.name}`}>
                <TableCell>{item.displayName}</TableCell>
                <TableCell className={styles.wide}>
                  <CodeText text={item.name} />
                </TableCell>
                <TableCell>{item.kind}</TableCell>
                <TableCell>{item.schema}</TableCell>
                <TableCell className={styles.wide}>{item.detail}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableFrame>
      <Subtitle1 as="h2" className={styles.heading}>
        Model
      </Subtitle1>
      <JsonView label="Model" text={JSON.stringify(template.data.capabilityModel, null, 2)} />
    </Page>
  );
}
