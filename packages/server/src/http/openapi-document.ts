/** The part of OpenAPI 3.1 that this server writes. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export type MediaType = { readonly schema: JsonSchema; readonly example?: unknown };
export type Content = { readonly [mediaType: string]: MediaType };

export type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly example?: unknown;
};

export type ResponseHeader = { readonly description?: string; readonly schema: JsonSchema };

export type ResponseObject = {
  readonly description: string;
  readonly headers?: { readonly [name: string]: ResponseHeader };
  readonly content?: Content;
};

export type Reference = { readonly $ref: string };

/** Scheme names, each with the scopes that are needed of it. */
export type SecurityRequirement = { readonly [scheme: string]: readonly string[] };

export type OperationObject = {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: { readonly [status: string]: ResponseObject | Reference };
  /** One of them is enough; none: anybody may call. */
  readonly security: readonly SecurityRequirement[];
};

type OAuthFlow = {
  readonly tokenUrl: string;
  readonly refreshUrl?: string;
  /** Names, and what each one allows. */
  readonly scopes: { readonly [scope: string]: string };
};

export type SecurityScheme = { readonly description?: string } & (
  | { readonly type: 'http'; readonly scheme: 'bearer'; readonly bearerFormat?: string }
  | { readonly type: 'http'; readonly scheme: 'basic' }
  | { readonly type: 'apiKey'; readonly in: 'header' | 'query' | 'cookie'; readonly name: string }
  | { readonly type: 'oauth2'; readonly flows: { readonly clientCredentials: OAuthFlow } }
);

export type OpenApiServer = { readonly url: string; readonly description?: string };

export type OpenApiDocument = {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers?: readonly OpenApiServer[];
  readonly paths: { readonly [path: string]: { readonly [method: string]: OperationObject } };
  readonly components: {
    readonly schemas: { readonly [name: string]: JsonSchema };
    readonly responses: { readonly [status: string]: ResponseObject };
    readonly securitySchemes: { readonly [name: string]: SecurityScheme };
  };
};

/** How a document says which scopes an operation needs, for readers that show no security requirements. */
export function scopesSentence(scopes: readonly string[]): string {
  return `Scopes: ${scopes.map((scope) => `\`${scope}\``).join(', ')}.`;
}
