using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Log;
using Lambda.Domain.Yaml;
using Lambda.Serving.Ports;

namespace Lambda.SystemTests.Http;

/// <summary>Decides by the id's first letter, and knows one decision.</summary>
internal sealed class MemoryAuthorizations : IAuthorizations, IAuthorizationRecords, IDecisionReplay, IFraudRuleBook, IRuleBacktest
{
    public static readonly Judgement Judgement = new(Decision.Review, 0.75, [new Reason("HIGH_SCORE", "rule"), new Reason("ratio_30d", "model", 7.5f, 1.25)], new float[FraudFeatures.Count])
    {
        Model = "m", Rules = "r", Fired = ["high"], Partition = 1, StateOffset = 7, DecidedAtMicros = 1_700_000_000_000_000,
    };

    public RuleSet Current { get; private set; } = RulesLoader.Load("r.yaml", "rules: [{ name: high, when: score > 0.5, decision: review, reason: HIGH_SCORE }]");

    public RuleSet? ByHash(string hash) => hash == Current.Hash ? Current : null;

    public RuleSet Check(string text, string file) => RulesLoader.Load(file, text);

    public RuleSet Activate(string text, string file) => Current = Check(text, file);

    public ValueTask<AuthorizationReply> AskAsync(ReadOnlyMemory<byte> json, int deadlineMs, long began, CancellationToken cancel)
    {
        if (json.Length == 0) return new(new AuthorizationReply.Invalid("", "malformed_json", "not JSON"));
        using var document = JsonDocument.Parse(json);
        return new(!document.RootElement.TryGetProperty("transaction_id", out var id) ? new AuthorizationReply.Invalid("transaction_id", "missing_field", "missing or null")
            : id.GetString()![0] switch
            {
                'c' => new AuthorizationReply.Conflict("known with another content"),
                'p' => new AuthorizationReply.Answered(id.GetString()!, Decision.Decline, null, ["storage"], null, false, 12),
                _ => new AuthorizationReply.Answered(id.GetString()!, Judgement.Decision, Judgement, [], new Position(1, 8), false, 345),
            });
    }

    public Task<ReplayReport> ReplayAsync(AuthorizationRecordRow row, CancellationToken cancel) => Task.FromResult(new ReplayReport(Judgement, Judgement with { Score = 0.5 }, ["score"], []));

    public Task<RuleTrialReport> RunAsync(RuleSet rules, long fromMicros, long toMicros, CancellationToken cancel)
    {
        var trial = new RuleTrial(rules, ByHash, FraudPolicy.Default);
        trial.Take(new EventRow(), new CustomerFraudMemory(), Judgement with { Rules = rules.Hash }, isFraud: true, "1:8");
        return Task.FromResult(trial.Report());
    }

    public Task<IReadOnlyList<AuthorizationRecordRow>> OfAsync(string transactionId, int partition, CustomerId? customer, CancellationToken cancel)
    {
        using var bytes = new MemoryStream();
        using (var to = new Utf8JsonWriter(bytes)) AuthorizationJson.Write(to, Judgement);
        byte[] body = [.. "{\"authorization\":"u8, .. bytes.ToArray(), (byte)'}'];
        var row = new AuthorizationRecordRow(CustomerId.From("full"), 1, 8, 0, 1_000, body, [new AuthorizationChange(true, 0, 400)]);
        return Task.FromResult<IReadOnlyList<AuthorizationRecordRow>>(transactionId switch { "t1" => [row], "t2" => [row, row with { Customer = CustomerId.From("other") }], _ => [] });
    }
}
