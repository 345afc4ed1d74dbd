using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Fraud.Rules;

/// <summary>
/// Rules of one text. Conditions are of the definition language, over the transaction's fields, features by name and `score`. These numbers are compared as decimals of six digits, half even,
/// within ±10^27; `score` is absent without a model, and what compares with it is then not true.
/// </summary>
public sealed class RuleSet : IFraudRules
{
    public const string ScoreName = "score";
    private const double NumberMax = 1e27;

    /// <summary>The names that conditions may use besides a transaction's fields.</summary>
    public static readonly IReadOnlyList<FieldRef.Declared> Names =
        [.. FraudFeatures.All.Select(f => f.Name).Append(ScoreName).Select(n => new FieldRef.Declared(n, ScalarType.Decimal))];

    private static readonly byte[][] NamesUtf8 = [.. Names.Select(n => Encoding.UTF8.GetBytes(n.Name))];

    [ThreadStatic]
    private static (RecordWriter Writer, EventRow Row)? _scratch;

    private readonly int[] _used; // places in Names that some condition reads

    public RuleSet(string text, IReadOnlyList<FraudRule> rules, IReadOnlyList<Suppression> suppressions, IReadOnlyCollection<string> used)
    {
        (Text, Rules, Suppressions) = (text, rules, suppressions);
        Hash = HashOf(text);
        _used = [.. Enumerable.Range(0, Names.Count).Where(i => used.Contains(Names[i].Name))];
    }

    public string Hash { get; }
    public string Text { get; }
    public IReadOnlyList<FraudRule> Rules { get; }
    public IReadOnlyList<Suppression> Suppressions { get; }

    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public RuleVerdict Judge(in RuleInput input)
    {
        var row = WithNumbers(input);
        List<FraudRule>? fired = null;
        List<string>? shadow = null, suppressed = null;
        foreach (var rule in Rules)
        {
            if (input.NowMicros < rule.FromMicros || input.NowMicros >= rule.UntilMicros || !Fires(rule, row, input)) continue;
            if (IsSuppressed(rule, input)) (suppressed ??= []).Add(rule.Name);
            else if (rule.IsShadow) (shadow ??= []).Add(rule.Name);
            else (fired ??= []).Add(rule);
        }
        if (fired is null && shadow is null && suppressed is null) return RuleVerdict.Nothing;
        var bySeverity = (fired ?? []).OrderByDescending(r => r.Decision).ToList();
        return new RuleVerdict(
            bySeverity.Count == 0 ? Decision.Approve : bySeverity[0].Decision, [.. bySeverity.Select(r => r.Reason).Distinct()], [.. (fired ?? []).Select(r => r.Name)], shadow ?? [], suppressed ?? []);
    }

    private static bool Fires(FraudRule rule, EventRow row, in RuleInput input) =>
        (rule.When?.IsTrue(row) ?? true)
        && (rule.Velocity?.IsPassed(input.Customer, input.Transaction.OccurredAtMicros, input.Transaction.Number(EventCatalog.BillingAmountMinor.Ordinal)) ?? true);

    private bool IsSuppressed(FraudRule rule, in RuleInput input)
    {
        foreach (var it in Suppressions)
            if (input.NowMicros < it.UntilMicros && (it.Rule is null || it.Rule == rule.Name) && Is(input.Transaction.CustomerId, it.CustomerId)
                && Is(input.Transaction, EventCatalog.CardToken, it.CardToken) && Is(input.Transaction, EventCatalog.MerchantId, it.MerchantId))
                return true;
        return false;
    }

    private static bool Is(EventRow row, Field field, string? wanted) => wanted is null || (row.Has(field.Ordinal) && Is(row.Text(field.Ordinal), wanted));

    private static bool Is(ReadOnlySpan<byte> text, string? wanted) => wanted is null || text.SequenceEqual(Encoding.UTF8.GetBytes(wanted));

    /// <summary>The transaction with the numbers that conditions read in the place of fields outside the catalogue: what a sender put there itself is not seen.</summary>
    private EventRow WithNumbers(in RuleInput input)
    {
        if (_used.Length == 0) return input.Transaction;
        var (writer, row) = _scratch ??= (new RecordWriter(), new EventRow());
        writer.CopyFields(input.Transaction);
        Span<byte> text = stackalloc byte[64];
        foreach (var i in _used)
        {
            var number = i < input.Features.Length ? input.Features[i] : input.Score ?? double.NaN;
            if (double.IsNaN(number)) continue;
            Decimal(number).TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
            writer.AddExtra(NamesUtf8[i], ExtraKind.Number, text[..length]);
        }
        writer.Finish("{}"u8);
        RecordCodec.Read(writer.FinishedMemory, row);
        return row;
    }

    /// <summary>As conditions compare it.</summary>
    public static decimal Decimal(double number) => Math.Round((decimal)Math.Clamp(number, -NumberMax, NumberMax), 6, MidpointRounding.ToEven);
}
