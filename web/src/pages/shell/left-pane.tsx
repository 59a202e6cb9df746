import { Divider, makeStyles, mergeClasses, Tooltip, tokens } from '@fluentui/react-components';
import { BranchRegular } from '@fluentui/react-icons/svg/branch';
import { CertificateRegular } from '@fluentui/react-icons/svg/certificate';
import { ClipboardTaskRegular } from '@fluentui/react-icons/svg/clipboard-task';
import { DocumentRegular } from '@fluentui/react-icons/svg/document';
import { GaugeRegular } from '@fluentui/react-icons/svg/gauge';
import { HistoryRegular } from '@fluentui/react-icons/svg/history';
import { IotRegular } from '@fluentui/react-icons/svg/iot';
import { KeyRegular } from '@fluentui/react-icons/svg/key';
import { OptionsRegular } from '@fluentui/react-icons/svg/options';
import { PeopleTeamRegular } from '@fluentui/react-icons/svg/people-team';
import { PhoneLaptopRegular } from '@fluentui/react-icons/svg/phone-laptop';
import { PulseRegular } from '@fluentui/react-icons/svg/pulse';
import { ServerRegular } from '@fluentui/react-icons/svg/server';
import { ShieldKeyholeRegular } from '@fluentui/react-icons/svg/shield-keyhole';
import { TableSearchRegular } from '@fluentui/react-icons/svg/table-search';
import { WrenchRegular } from '@fluentui/react-icons/svg/wrench';
import { NavLink, useSearchParams } from 'react-router';
import { useSession } from '../../api/session.ts';
import { patterns } from '../../paths.ts';

const useStyles = makeStyles({
  pane: { width: '100%' },
  list: { display: 'flex', flexDirection: 'column', gap: '2px', padding: '8px', margin: 0 },
  heading: { padding: '12px 12px 4px', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  link: {
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    gap: '12px',
    minHeight: '36px',
    padding: '0 10px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    outlineOffset: '-2px',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
    '@media (max-width: 640px)': { minHeight: '44px' },
  },
  active: {
    fontWeight: tokens.fontWeightSemibold,
    backgroundColor: tokens.colorSubtleBackgroundSelected,
    '::before': {
      content: '""',
      position: 'absolute',
      left: 0,
      top: '8px',
      bottom: '8px',
      width: '3px',
      borderRadius: '2px',
      backgroundColor: tokens.colorBrandForeground1,
    },
    '& svg': { color: tokens.colorBrandForeground1 },
  },
  icon: { fontSize: '20px', flexShrink: 0 },
  divider: { flexGrow: 0, padding: '4px 0' },
});

/** `isOfHub`: a page of one hub, so that on the way from one such page to another the hub stays. */
type Entry = { label: string; to: string; permission: string; icon: typeof DocumentRegular; isOfHub?: true };

const groups: readonly { heading?: string; entries: readonly Entry[] }[] = [
  {
    heading: 'Connect',
    entries: [
      { label: 'Devices', to: patterns.devices, permission: 'devices.read', icon: PhoneLaptopRegular },
      { label: 'Device templates', to: patterns.deviceTemplates, permission: 'templates.read', icon: DocumentRegular },
    ],
  },
  {
    heading: 'IoT Hub',
    entries: [
      { label: 'IoT hubs', to: patterns.hubs, permission: 'hub-devices.read', icon: ServerRegular },
      { label: 'Overview', to: patterns.hubOverview, permission: 'hub-devices.read', icon: GaugeRegular, isOfHub: true },
      { label: 'IoT devices', to: patterns.hubDevices, permission: 'hub-devices.read', icon: IotRegular, isOfHub: true },
      { label: 'Live messages', to: patterns.hubMessages, permission: 'hub-devices.read', icon: PulseRegular, isOfHub: true },
      { label: 'Queries', to: patterns.hubQueries, permission: 'hub-devices.read', icon: TableSearchRegular, isOfHub: true },
      { label: 'Jobs', to: patterns.hubJobs, permission: 'hub-devices.read', icon: ClipboardTaskRegular, isOfHub: true },
      {
        label: 'Configurations',
        to: patterns.hubConfigurations,
        permission: 'hub-devices.read',
        icon: OptionsRegular,
        isOfHub: true,
      },
      { label: 'Message routing', to: patterns.hubRouting, permission: 'hub-devices.read', icon: BranchRegular, isOfHub: true },
      {
        label: 'Consumer groups',
        to: patterns.consumerGroups,
        permission: 'hub-devices.read',
        icon: PeopleTeamRegular,
        isOfHub: true,
      },
      {
        label: 'CA certificates',
        to: patterns.hubCertificates,
        permission: 'groups.read',
        icon: CertificateRegular,
        isOfHub: true,
      },
      { label: 'Access policies', to: patterns.hubPolicies, permission: 'hub-devices.read', icon: KeyRegular, isOfHub: true },
    ],
  },
  {
    heading: 'Security',
    entries: [
      { label: 'Permissions', to: patterns.permissions, permission: 'groups.read', icon: ShieldKeyholeRegular },
      { label: 'Audit log', to: patterns.audit, permission: 'refusals.read', icon: HistoryRegular },
    ],
  },
  { entries: [{ label: 'Administration', to: patterns.administration, permission: 'groups.read', icon: WrenchRegular }] },
];

/** The left pane. What the signed-in person may not see is not in it. */
export function LeftPane({ isCollapsed, onNavigate }: { isCollapsed: boolean; onNavigate?: () => void }) {
  const styles = useStyles();
  const permissions = useSession().data?.permissions ?? [];
  return (
    <nav aria-label="Main" className={styles.pane}>
      {groups.map((group) => {
        const entries = group.entries.filter((entry) => permissions.includes(entry.permission));
        if (entries.length === 0) return null;
        return (
          <div key={group.heading ?? 'below'}>
            {group.heading ? (
              !isCollapsed && <div className={styles.heading}>{group.heading}</div>
            ) : (
              <Divider className={styles.divider} />
            )}
            <div className={styles.list}>
              {entries.map((entry) => (
                <PaneLink key={entry.to} entry={entry} isCollapsed={isCollapsed} {...(onNavigate ? { onNavigate } : {})} />
              ))}
            </div>
          </div>
        );
      })}
    </nav>
  );
}

function PaneLink({ entry, isCollapsed, onNavigate }: { entry: Entry; isCollapsed: boolean; onNavigate?: () => void }) {
  const styles = useStyles();
  const Icon = entry.icon;
  const hub = useSearchParams()[0].get('hub');
  const to = entry.isOfHub && hub ? `${entry.to}?${new URLSearchParams({ hub })}` : entry.to;
  const link = (
    <NavLink
      to={to}
      end={entry.to === patterns.hubs}
      className={({ isActive }) => mergeClasses(styles.link, isActive && styles.active)}
      {...(isCollapsed ? { 'aria-label': entry.label } : {})}
      {...(onNavigate ? { onClick: onNavigate } : {})}
    >
      <Icon className={styles.icon} aria-hidden />
      {!isCollapsed && entry.label}
    </NavLink>
  );
  return isCollapsed ? (
    <Tooltip content={entry.label} relationship="label" positioning="after">
      {link}
    </Tooltip>
  ) : (
    link
  );
}
