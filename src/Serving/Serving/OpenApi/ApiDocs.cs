using System.Globalization;
using System.Text;
using Lambda.Serving.Api;
using Lambda.Serving.Security;

namespace Lambda.Serving.OpenApi;

/// <summary>docs/api.md, from the operations that serve the API.</summary>
public static class ApiDocs
{
    public static string Render()
    {
        var page = new StringBuilder();
        page.Append("""
            # The API

            Generated from the endpoints themselves (`LAMBDA_REWRITE_DOCS=1 ./lambda test --filter ApiDocs System.Tests` writes it anew). A running host describes the schemas at
            `/openapi/v1.json`. Errors are problems as RFC 9457 has them; how keys, masking, limits and the audit log work is in [security.md](security.md).

            ## Who may use what

            `●` the role may; `pii` it may with a key that has the right to see personal data. Admin may everything, with that right where it is needed.

            """.ReplaceLineEndings("\n"));
        AppendRoles(page);
        page.Append("\nThe last column is what the audit log keeps of it: **read**, an entry that is durable before personal data leaves; **change**, one that is durable before anything is done,\nand one with the outcome; **behind**, one that the answer does not wait for. Attempts that are refused (401, 403) always have one.\n");
        foreach (var operation in Operations.All) Append(page, operation);
        return page.ToString();
    }

    private static void AppendRoles(StringBuilder page)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n| endpoint | open | {string.Join(" | ", RoleNames.All)} | audit |\n|---|---|{string.Concat(RoleNames.All.Select(_ => "---|"))}---|\n");
        foreach (var operation in Operations.All)
        {
            page.Append(CultureInfo.InvariantCulture, $"| [{operation.Method} {operation.Path}](#{operation.Id.ToLowerInvariant()}) | {(operation.Access.IsOpen ? "●" : "")} |");
            foreach (var role in RoleNames.All) page.Append(CultureInfo.InvariantCulture, $" {Mark(operation, RoleNames.Parse([role])!.Value)} |");
            page.Append(CultureInfo.InvariantCulture, $" {(operation.Audited == Audited.No ? "" : operation.Audited.ToString().ToLowerInvariant())} |\n");
        }
    }

    private static string Mark(Operation operation, Roles role)
    {
        if (!operation.Access.IsOpen && !new Caller("", role, false).Is(operation.Access.Roles)) return "";
        return operation.Access.NeedsPersonalData ? "pii" : "●";
    }

    private static void Append(StringBuilder page, Operation operation)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n## {operation.Id}\n\n`{operation.Method} {operation.Path}` — {operation.Summary}.{(operation.Detail.Length > 0 ? " " + operation.Detail : "")}\n\n");
        if (operation.Parameters.Count > 0)
        {
            page.Append("| parameter | in | type | |\n|---|---|---|---|\n");
            foreach (var parameter in operation.Parameters) page.Append(CultureInfo.InvariantCulture, $"| `{parameter.Name}` | {(parameter.Place == ParameterPlace.Path ? "path" : "query")} | {parameter.Schema} | {parameter.Doc} |\n");
            page.Append('\n');
        }
        if (operation.Request is { } body) page.Append(CultureInfo.InvariantCulture, $"Body: {body.Doc} `{string.Join("`, `", body.MediaTypes)}`, schema `{body.Schema}`.\n\n");
        page.Append("| status | |\n|---|---|\n");
        foreach (var reply in operation.Replies) page.Append(CultureInfo.InvariantCulture, $"| {reply.Status} | {reply.Doc} |\n");
    }
}
