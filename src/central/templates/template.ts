import type { TemplateDocument } from './template-document.ts';

export type Template = {
  /** The template's own DTMI, not the model's. */
  templateId: string;
  modelId: string;
  displayName: string;
  document: TemplateDocument;
  etag: string;
};
