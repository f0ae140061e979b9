using System.Net.Mime;
using System.Net.ServerSentEvents;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using Portal.Api.Security;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Portal.Api.Http;

/// <summary>Writes into each operation what follows from its declaration: who may, what it can answer, and which headers it reads. No endpoint can forget any of it.</summary>
internal sealed class OperationText : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        operation.Parameters ??= [];
        var answers = operation.Responses ??= [];
        if (!metadata.OfType<IAllowAnonymous>().Any())
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] }];
            Add(401, 403);
        }

        if (metadata.OfType<RequiredPermission>().FirstOrDefault() is { } required)
        {
            operation.Description = $"{operation.Description} Needs the permission `{required.Permission}`.".Trim();
        }

        if (operation.Parameters.Any(parameter => parameter.In == ParameterLocation.Path))
        {
            Add(404);
        }

        if (operation.RequestBody is not null)
        {
            Add(413, 415);
        }

        // What cannot be written to the audit log is not done.
        if (context.ApiDescription.HttpMethod != "GET")
        {
            Add(503);
        }

        if (answers.ContainsKey("412"))
        {
            Header("If-Match", answers.ContainsKey("428"), "The ETag of what you have read, or an asterisk for whatever there is.", "*");
        }

        if (context.ApiDescription.HttpMethod == "POST" && (answers.ContainsKey("201") || answers.ContainsKey("202")))
        {
            Header(Idempotency.Header, false, "A key of your own, good for a day: the same request sent again with it is answered with what the first one made.", "0f5b1c9e-8f1d-4d5e-a1a7-2f3c4b5d6e7f");
        }

        foreach (var events in context.ApiDescription.SupportedResponseTypes.Where(answer => answer.Type is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(SseItem<>)))
        {
            // What a generator must not take for one object: a stream of them, in the framing of server-sent events.
            answers[$"{events.StatusCode}"].Content![MediaTypeNames.Text.EventStream].Schema = new OpenApiSchema
            {
                Type = JsonSchemaType.String, Format = "binary", Description = $"Server-sent events; the data of each is JSON: `{events.Type!.GetGenericArguments()[0].Name}`.",
            };
            _ = context.SchemaRepository.Schemas.Remove($"{events.Type.GetGenericArguments()[0].Name}SseItem");
        }

        var sorted = answers.OrderBy(answer => answer.Key, StringComparer.Ordinal).ToArray();
        answers.Clear();
        foreach (var (status, answer) in sorted)
        {
            answers.Add(status, answer);
        }

        void Add(params ReadOnlySpan<int> statuses)
        {
            foreach (var status in statuses)
            {
                _ = answers.TryAdd($"{status}", new OpenApiResponse
                {
                    Description = ReasonPhrases.GetReasonPhrase(status),
                    Content = new Dictionary<string, OpenApiMediaType>
                    {
                        [MediaTypeNames.Application.ProblemJson] = new() { Schema = context.SchemaGenerator.GenerateSchema(typeof(ProblemDetails), context.SchemaRepository) },
                    },
                });
            }
        }

        void Header(string name, bool required, string description, string example) => operation.Parameters.Add(new OpenApiParameter
        {
            Name = name, In = ParameterLocation.Header, Required = required, Description = description, Example = example, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
    }
}

/// <summary>Says which members may be null though they are described elsewhere: a reference alone does not.</summary>
internal sealed class NullableText : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties: { } properties })
        {
            return;
        }

        var nullability = new NullabilityInfoContext();
        foreach (var member in context.Type.GetProperties().Where(member => nullability.Create(member).ReadState == NullabilityState.Nullable))
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(member.Name);
            if (properties.TryGetValue(name, out var described) && described is OpenApiSchemaReference reference)
            {
                properties[name] = new OpenApiSchema { Description = reference.Description, OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, reference] };
            }
        }
    }
}

/// <summary>Says of problems what is in every one of them.</summary>
internal sealed class ProblemText : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is OpenApiSchema { Properties: { } properties } problem && context.Type == typeof(ProblemDetails))
        {
            properties["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Stable: what programs go by." };
            properties["traceId"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Where the portal's log has more." };
            properties["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object, Description = "Which values cannot be used, and why.",
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            };
            problem.Required = new HashSet<string> { "type", "title", "status", "code" };
        }
    }
}

/// <summary>Says of what is only ever answered that all of it is there: null is said, nothing is left out.</summary>
internal sealed class AnswerText : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var schemas = context.SchemaRepository.Schemas;
        var asked = new HashSet<string>();
        foreach (var body in swaggerDoc.Paths.Values.SelectMany(path => path.Operations!.Values).Select(operation => operation.RequestBody).OfType<OpenApiRequestBody>())
        {
            foreach (var content in body.Content!.Values)
            {
                Reach(content.Schema);
            }
        }

        foreach (var schema in schemas.Where(schema => !asked.Contains(schema.Key)).Select(schema => schema.Value).OfType<OpenApiSchema>())
        {
            if (schema is { Properties: { Count: > 0 } members, Required: null or { Count: 0 } })
            {
                schema.Required = new SortedSet<string>(members.Keys, StringComparer.Ordinal);
            }
        }

        void Reach(IOpenApiSchema? schema)
        {
            if (schema is OpenApiSchemaReference { Reference.Id: { } id })
            {
                if (asked.Add(id))
                {
                    Reach(schemas[id]);
                }

                return;
            }

            foreach (var part in (IEnumerable<IOpenApiSchema?>)[schema?.Items, schema?.AdditionalProperties, .. schema?.Properties?.Values ?? [], .. schema?.OneOf ?? []])
            {
                if (part is not null)
                {
                    Reach(part);
                }
            }
        }
    }
}
