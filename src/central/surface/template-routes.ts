import type { DeviceTemplateBody } from '../contract/device-templates.ts';
import { apiQuerySchema, pageQuerySchema } from '../contract/page.ts';
import type { Template } from '../templates/template.ts';
import type { Templates } from '../templates/templates.ts';
import { page } from './paging.ts';
import { type CentralRoute, centralRoute } from './route.ts';

/** `/api/deviceTemplates`. */
export function buildTemplateRoutes(rooms: { templates: Templates }): CentralRoute[] {
  const { templates } = rooms;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/deviceTemplates',
      permission: 'templates.read',
      summary: 'List device templates in order of id.',
      query: pageQuerySchema,
      async handle({ query, headers }) {
        const { items, ...rest } = await page(
          { query, headers, path: '/api/deviceTemplates' },
          (after, limit) => templates.list(after, limit),
          (template) => template.templateId,
        );
        return { json: { value: items.map(formatTemplate), ...rest } };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/deviceTemplates/:templateId',
      permission: 'templates.read',
      summary: 'Get a device template.',
      query: apiQuerySchema,
      handle: async ({ params }) => ({ json: formatTemplate(await templates.require(params.templateId ?? '')) }),
    }),
  ];
}

function formatTemplate(template: Template): DeviceTemplateBody {
  return { ...template.document, etag: template.etag };
}
