using System.Text.Json;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lambda.Serving.Api;

/// <summary>The segments of the definition whose rows `customer_current` shows: rules, sizes, members.</summary>
internal static class SegmentsApi
{
    private static readonly Access WhoReads = Access.For(Roles.Marketing | Roles.Fraud | Roles.Finance);

    private static readonly Parameter Name = new("name", ParameterPlace.Path, "string", "Name of the segment.");

    public static readonly Operation List = new("GET", "/v1/segments", "listSegments", "The segments with their rules and sizes", ListAsync)
    {
        Access = WhoReads,
        Audited = Audited.No,
        Detail = "Sizes are counted when asked for. `meta` tells the oldest epoch and day that a row rests on.",
        Replies = [new Reply(200, "The segments.", "Segments"), Reply.Problem(503, "The population is not there yet, or the warehouse does not answer; see Retry-After.")],
    };

    public static readonly Operation Get = new("GET", "/v1/segments/{name}", "getSegment", "One segment with its rule and size", GetAsync)
    {
        Access = WhoReads,
        Audited = Audited.No,
        Parameters = [Name],
        Replies =
        [
            new Reply(200, "The segment.", "Segment"), Reply.Problem(404, "The definition has no segment of this name."),
            Reply.Problem(503, "The population is not there yet, or the warehouse does not answer; see Retry-After."),
        ],
    };

    public static readonly Operation Members = new("GET", "/v1/segments/{name}/members", "listSegmentMembers", "Who is in a segment, by customer id", MembersAsync)
    {
        Access = WhoReads,
        Audited = Audited.Read,
        Detail = "Pages as a search has them, which takes further conditions and orders, too. The audit log has an entry for each customer shown.",
        Parameters =
        [
            Name,
            new Parameter("select", ParameterPlace.Query, "string", "Columns to show, separated by commas; default none."),
            new Parameter("purpose", ParameterPlace.Query, "string", OpenApi.PopulationSchemas.PurposeDoc),
            new Parameter("limit", ParameterPlace.Query, "integer", $"1..{Limits.SearchPageMax}; default {Limits.SearchPageDefault}."),
            new Parameter("cursor", ParameterPlace.Query, "string", "`next` of the page before."),
        ],
        Replies =
        [
            new Reply(200, "A page; `next` is null on the last.", "SearchPage"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(403, "It names personal data that this key may not see."),
            Reply.Problem(404, "The definition has no segment of this name."), Reply.Problem(503, "The population is not there yet, or the warehouse does not answer; see Retry-After."),
        ],
    };

    private static async Task ListAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var reads = state.Parts.Population.Reads;
        var definition = await reads.ShownAsync(context.RequestAborted);
        var (sizes, summary) = await SizesAsync(reads, definition, context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            to.WriteStartArray("segments");
            for (var i = 0; i < sizes.Count; i++)
            {
                to.WriteStartObject();
                Write(to, definition.Segments[i], sizes[i]);
                to.WriteEndObject();
            }
            to.WriteEndArray();
            SearchApi.WriteMeta(to, definition, summary);
            to.WriteEndObject();
        });
    }

    private static async Task GetAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var reads = state.Parts.Population.Reads;
        var definition = await reads.ShownAsync(context.RequestAborted);
        var index = Index(context, definition);
        var (sizes, summary) = await SizesAsync(reads, definition, context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to =>
        {
            to.WriteStartObject();
            Write(to, definition.Segments[index], sizes[index]);
            SearchApi.WriteMeta(to, definition, summary);
            to.WriteEndObject();
        });
    }

    private static async Task MembersAsync(HttpContext context, ApiState state)
    {
        var query = new Query(context, "select", "purpose", "limit", "cursor");
        var limit = query.Int("limit", Limits.SearchPageDefault, 1, Limits.SearchPageMax);
        var definition = await state.Parts.Population.Reads.ShownAsync(context.RequestAborted);
        var segment = definition.Segments[Index(context, definition)];
        string[] select = query.Text("select")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        var question = Question.Of(definition, context.Caller(), segment.Name, select, [], allByDefault: false, query.Text("purpose"));
        await SearchApi.AnswerAsync(context, state.Parts.Population, question, limit, query.Text("cursor"), counts: false);
    }

    private static async Task<(IReadOnlyList<long> Sizes, PopulationSummary Summary)> SizesAsync(IPopulationReads reads, ViewDefinition definition, CancellationToken cancel)
    {
        var summary = reads.SummaryAsync(definition, cancel).AsTask();
        var sizes = reads.SegmentSizesAsync(definition, cancel);
        await Task.WhenAll(summary, sizes);
        return (sizes.Result, summary.Result);
    }

    private static int Index(HttpContext context, ViewDefinition definition)
    {
        var name = context.GetRouteValue("name")?.ToString() ?? "";
        for (var i = 0; i < definition.Segments.Count; i++)
            if (definition.Segments[i].Name == name) return i;
        throw new ProblemException(new Problem(StatusCodes.Status404NotFound, "unknown-segment", $"the definition has no segment `{name}`{Suggestion.For(name, definition.Segments.Select(s => s.Name))}"));
    }

    private static void Write(Utf8JsonWriter to, Segment segment, long size)
    {
        to.WriteString("segment", segment.Name);
        to.WriteString("doc", segment.Doc);
        to.WriteString("rule", ExprProse.Print(segment.Rule));
        to.WriteNumber("size", size);
    }
}
