import { Navigate, type RouteObject } from 'react-router';
import { CrashPage } from './pages/shell/crash-page.tsx';
import { Shell } from './pages/shell/shell.tsx';
import { SignInPage } from './pages/sign-in/sign-in-page.tsx';
import { paths, patterns } from './paths.ts';

/** The site map: every URL and its page. Pages load when they are first opened. */
export const routes: RouteObject[] = [
  { path: patterns.signIn, element: <SignInPage />, errorElement: <CrashPage /> },
  {
    element: <Shell />,
    hydrateFallbackElement: <span />,
    errorElement: <CrashPage />,
    children: [
      { path: '/', element: <Navigate to={paths.devices()} replace /> },
      {
        path: patterns.devices,
        lazy: async () => ({ Component: (await import('./pages/devices/device-list-page.tsx')).DeviceListPage }),
      },
      { path: patterns.device, lazy: devicePage },
      { path: patterns.deviceTab, lazy: devicePage },
      {
        path: patterns.deviceTemplates,
        lazy: async () => ({
          Component: (await import('./pages/device-templates/device-template-list-page.tsx')).DeviceTemplateListPage,
        }),
      },
      {
        path: patterns.deviceTemplate,
        lazy: async () => ({ Component: (await import('./pages/device-templates/device-template-page.tsx')).DeviceTemplatePage }),
      },
      { path: patterns.permissions, element: <Navigate to={paths.groups()} replace /> },
      {
        path: patterns.groups,
        lazy: async () => ({ Component: (await import('./pages/permissions/group-list-page.tsx')).GroupListPage }),
      },
      {
        path: patterns.newGroup,
        lazy: async () => ({ Component: (await import('./pages/permissions/new-group-page.tsx')).NewGroupPage }),
      },
      {
        path: patterns.group,
        lazy: async () => ({ Component: (await import('./pages/permissions/group-page.tsx')).GroupPage }),
      },
      {
        path: patterns.hubs,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-list-page.tsx')).HubListPage }),
      },
      {
        path: patterns.hubOverview,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-overview-page.tsx')).HubOverviewPage }),
      },
      {
        path: patterns.hubDevices,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-device-list-page.tsx')).HubDeviceListPage }),
      },
      {
        path: patterns.newHubDevice,
        lazy: async () => ({ Component: (await import('./pages/hub/new-hub-device-page.tsx')).NewHubDevicePage }),
      },
      {
        path: patterns.hubDevice,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-device-page.tsx')).HubDevicePage }),
      },
      {
        path: patterns.hubMessages,
        lazy: async () => ({ Component: (await import('./pages/hub/message-monitor-page.tsx')).MessageMonitorPage }),
      },
      {
        path: patterns.hubQueries,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-queries-page.tsx')).HubQueriesPage }),
      },
      {
        path: patterns.hubJobs,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-jobs-page.tsx')).HubJobsPage }),
      },
      {
        path: patterns.hubConfigurations,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-configurations-page.tsx')).HubConfigurationsPage }),
      },
      {
        path: patterns.hubRouting,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-routing-page.tsx')).HubRoutingPage }),
      },
      {
        path: patterns.consumerGroups,
        lazy: async () => ({ Component: (await import('./pages/hub/consumer-groups-page.tsx')).ConsumerGroupsPage }),
      },
      {
        path: patterns.hubCertificates,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-certificates-page.tsx')).HubCertificatesPage }),
      },
      {
        path: patterns.hubPolicies,
        lazy: async () => ({ Component: (await import('./pages/hub/hub-policies-page.tsx')).HubPoliciesPage }),
      },
      {
        path: patterns.refusals,
        lazy: async () => ({ Component: (await import('./pages/refusals/refusals-page.tsx')).RefusalsPage }),
      },
      {
        path: patterns.refusal,
        lazy: async () => ({ Component: (await import('./pages/refusals/refusal-page.tsx')).RefusalPage }),
      },
      {
        path: patterns.administration,
        lazy: async () => ({ Component: (await import('./pages/administration/administration-page.tsx')).AdministrationPage }),
      },
      {
        path: patterns.rehearsal,
        lazy: async () => ({ Component: (await import('./pages/administration/rehearsal-page.tsx')).RehearsalPage }),
      },
      {
        path: patterns.audit,
        lazy: async () => ({ Component: (await import('./pages/administration/audit-page.tsx')).AuditPage }),
      },
      { path: patterns.administrationDeviceConnection, element: <Navigate to={paths.groups()} replace /> },
      { path: '*', lazy: async () => ({ Component: (await import('./pages/shell/not-found-page.tsx')).NotFoundPage }) },
    ],
  },
];

async function devicePage() {
  return { Component: (await import('./pages/devices/device-page.tsx')).DevicePage };
}
