using Lambda.Domain.Views;

namespace Lambda.Simulation;

/// <summary>What the oracle expects of a read, and how an answer differs from it.</summary>
public sealed class Expectation
{
    private readonly ViewDefinition _definition;
    private readonly Answer? _expected; // null: the customer is unknown
    private readonly List<string> _overflows;

    private Expectation(ViewDefinition definition, Answer? expected, List<string> overflows) => (_definition, _expected, _overflows) = (definition, expected, overflows);

    public static Expectation Of(ViewDefinition definition, IReadOnlyList<LoggedEvent> counting, int asOfDay)
    {
        var overflows = new List<string>();
        return new Expectation(definition, counting.Count == 0 ? null : NaiveOracle.Finish(definition, counting, asOfDay, overflows), overflows);
    }

    public bool Overflows => _overflows.Count > 0;

    /// <summary>Null when the answer (or the overflow named instead of one) is exactly what is expected; else what differs.</summary>
    public string? Matches(Answer? answer, string? overflow)
    {
        if (overflow is not null)
            return _overflows.Contains(overflow) ? null : $"{overflow} was said to overflow, expected to: [{string.Join(", ", _overflows)}]";
        if (_expected is null || answer is null) return (_expected is null) == (answer is null) ? null : _expected is null ? "known, expected unknown" : "unknown, expected an answer";
        if (_overflows.Count > 0) return $"answered although {_overflows[0]} overflows";
        if (answer.Definition.Hash != _definition.Hash) return $"answered under {answer.Definition.Hash[..8]}, expected {_definition.Hash[..8]}";
        return Differing(answer) ?? DifferingSegment(answer);
    }

    private string? Differing(Answer answer)
    {
        foreach (var output in _definition.Outputs)
        {
            if (output.Keys is null)
            {
                var (served, expected) = (answer.Scalars[output.Index], _expected!.Scalars[output.Index]);
                if (!served.Equals(expected)) return $"{output.Name} is {served}, expected {expected}";
                continue;
            }
            for (var key = 0; key < output.Keys.Count; key++)
            {
                var (served, expected) = (answer.Maps[output.Index]![key], _expected!.Maps[output.Index]![key]);
                if (!served.Equals(expected)) return $"{output.Name}['{output.Keys[key]}'] is {served}, expected {expected}";
            }
        }
        return null;
    }

    private string? DifferingSegment(Answer answer)
    {
        for (var i = 0; i < _definition.Segments.Count; i++)
            if (answer.Segments[i] != _expected!.Segments[i])
                return $"segment {_definition.Segments[i].Name} is {answer.Segments[i]}, expected {_expected.Segments[i]}";
        return null;
    }
}

/// <summary>What the oracle expects of one customer at one epoch and position: the events that count, and the expectation of each day asked for.</summary>
public sealed class Expectations((long Epoch, long Applied) at, ViewDefinition definition, IReadOnlyList<LoggedEvent> counting)
{
    private readonly Dictionary<int, Expectation> _byDay = [];

    public (long Epoch, long Applied) At { get; } = at;

    public ViewDefinition Definition { get; } = definition;

    public IReadOnlyList<LoggedEvent> Counting { get; } = counting;

    public Expectation For(int asOfDay)
    {
        if (!_byDay.TryGetValue(asOfDay, out var expected)) _byDay.Add(asOfDay, expected = Expectation.Of(Definition, Counting, asOfDay));
        return expected;
    }
}
