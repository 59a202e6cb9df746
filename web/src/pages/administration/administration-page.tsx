import { Card, CardHeader, makeStyles, Text, tokens } from '@fluentui/react-components';
import { ClockRegular } from '@fluentui/react-icons/svg/clock';
import { HistoryRegular } from '@fluentui/react-icons/svg/history';
import { ShieldKeyholeRegular } from '@fluentui/react-icons/svg/shield-keyhole';
import { useMay } from '../../api/session.ts';
import { Page } from '../../components/page.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { paths } from '../../paths.ts';

const useStyles = makeStyles({
  list: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(260px, 1fr))', gap: '16px', maxWidth: '880px' },
  icon: { fontSize: '24px', color: tokens.colorBrandForeground1 },
  text: { color: tokens.colorNeutralForeground2 },
});

/** The entry that older tutorials name. What it held then lives under Permissions now. */
export function AdministrationPage() {
  const styles = useStyles();
  const mayLook = useMay('refusals.read');
  return (
    <Page
      title="Administration"
      intro="What concerns the whole application. Older guides begin here: each entry leads to where its work is done now."
    >
      <div className={styles.list}>
        <Card>
          <CardHeader
            image={<ShieldKeyholeRegular className={styles.icon} aria-hidden />}
            header={<RouteLink to={paths.administrationDeviceConnection()}>Device connection</RouteLink>}
            description={<Text size={200}>Permissions › Device connection groups</Text>}
          />
          <Text className={styles.text}>ID scope, groups of devices, and the CA certificates that vouch for them.</Text>
        </Card>
        {mayLook && (
          <Card>
            <CardHeader
              image={<ClockRegular className={styles.icon} aria-hidden />}
              header={<RouteLink to={paths.rehearsal()}>Rehearsal</RouteLink>}
              description={<Text size={200}>Administration › Rehearsal</Text>}
            />
            <Text className={styles.text}>Which devices will be let in no more, when and why, if nobody does anything.</Text>
          </Card>
        )}
        {mayLook && (
          <Card>
            <CardHeader
              image={<HistoryRegular className={styles.icon} aria-hidden />}
              header={<RouteLink to={paths.audit()}>Audit log</RouteLink>}
              description={<Text size={200}>Security › Audit log</Text>}
            />
            <Text className={styles.text}>Who changed what, when and from where.</Text>
          </Card>
        )}
      </div>
    </Page>
  );
}
