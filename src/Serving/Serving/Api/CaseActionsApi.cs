using Lambda.Serving.Cases;
using Lambda.Serving.Http;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What analysts do to cases.</summary>
internal static class CaseActionsApi
{
    private delegate CaseChange? Decide(FraudCase it, JsonBody body, string by, string note, long nowMs);

    public static readonly Operation Assign = Action("assign", "assignFraudCase", "Take a case, or give it to somebody", "",
        (it, body, by, note, now) => CaseDesk.Assign(it, NameIn(body, by), by, note, now), "to");

    public static readonly Operation Confirm = Action("confirm", "confirmFraudCase", "It is fraud",
        "A `fraud_label` event with `is_fraud` true is appended for the transaction, by the ordinary way in, within about a second and whatever stops meanwhile.",
        (it, _, by, note, now) => CaseDesk.Confirm(it, by, note, now));

    public static readonly Operation Dismiss = Action("dismiss", "dismissFraudCase", "It is no fraud", "A `fraud_label` event with `is_fraud` false is appended likewise.",
        (it, _, by, note, now) => CaseDesk.Dismiss(it, by, note, now));

    public static readonly Operation Reopen = Action("reopen", "reopenFraudCase", "Take up a closed case again", "The label that is in the log stays until there is another verdict.",
        (it, _, by, note, now) => CaseDesk.Reopen(it, by, note, now));

    public static readonly Operation Note = new("POST", "/v1/fraud/cases/{case}/notes", "noteFraudCase", "Write a note on a case", NoteAsync)
    {
        Access = Access.For(Roles.Fraud),
        Audited = Audited.Change,
        Detail = "Notes are only ever added, with who wrote them and when.",
        Parameters = [CasesApi.Number],
        Request = new Body("CaseNote", "The note.", [JsonResponse.Json]) { IsOne = true },
        Replies = [new Reply(200, "The case.", "FraudCase"), Reply.Problem(400, "The body is wrong."), CasesApi.Unknown],
    };

    private static Operation Action(string verb, string id, string summary, string detail, Decide decide, params string[] more) =>
        new("POST", $"/v1/fraud/cases/{{case}}/{verb}", id, summary, (context, state) => ActAsync(context, state, verb, decide, more))
        {
            Access = Access.For(Roles.Fraud),
            Audited = Audited.Change,
            Detail = detail,
            Parameters = [CasesApi.Number],
            Request = new Body("CaseAction", "The version that was looked at.", [JsonResponse.Json]) { IsOne = true },
            Replies =
            [
                new Reply(200, "The case.", "FraudCase"), Reply.Problem(400, "The body is wrong."), CasesApi.Unknown,
                Reply.Problem(409, "Somebody was faster (`case-changed`), or a case in this state cannot be (`case-state`)."),
            ],
        };

    private static async Task ActAsync(HttpContext context, ApiState state, string verb, Decide decide, string[] more)
    {
        _ = new Query(context);
        var it = CasesApi.Named(context, state);
        using var body = (await JsonBody.ReadAsync(context, Limits.CaseBytes)).Only(["version", "note", .. more]);
        var (version, note) = (body.Long("version"), Short(body.OptionalText("note") ?? "", "note"));
        if (it.Version != version) throw Changed(it);
        var change = decide(it, body, context.Caller().Name, note, state.Parts.NowMs)
            ?? throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "case-state", $"case {it.Number} is {CaseDesk.NameOf(it.State)}: it cannot {verb}"));
        if (!CasesApi.Cases(state).Change(it.Number, version, change)) throw Changed(CasesApi.Named(context, state));
        context.AuditDetail($"{CaseDesk.NameOf(change.State)}");
        await CasesApi.AnswerAsync(context, state, CasesApi.Named(context, state));
    }

    private static async Task NoteAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var it = CasesApi.Named(context, state);
        using var body = (await JsonBody.ReadAsync(context, Limits.CaseBytes)).Only("text");
        var text = Short(body.Text("text"), "text");
        if (text.Length == 0) throw JsonBody.Bad("text", "is empty");
        CasesApi.Cases(state).Note(it.Number, context.Caller().Name, text, state.Parts.NowMs);
        await CasesApi.AnswerAsync(context, state, CasesApi.Named(context, state));
    }

    private static string NameIn(JsonBody body, string self)
    {
        var to = body.OptionalText("to") ?? self;
        return to.Length == 0 || ApiKey.IsName(to) ? to : throw JsonBody.Bad("to", "expected the name of a key, 1..100 printable characters");
    }

    private static string Short(string text, string name) =>
        text.Length <= Limits.CaseNoteCharacters ? text.Trim() : throw JsonBody.Bad(name, $"{text.Length} characters, at most {Limits.CaseNoteCharacters}");

    private static ProblemException Changed(FraudCase it) => new(new Problem(StatusCodes.Status409Conflict, "case-changed",
        $"case {it.Number} is of version {it.Version} by now, {CaseDesk.NameOf(it.State)}: look at it again", Extensions: to => to.WriteNumber("version", it.Version)));
}
