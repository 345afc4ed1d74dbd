using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Serving.Local;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Segments;
using Xunit;

namespace Lambda.SystemTests.Segments;

/// <summary>What the watch finds, against the naive way: remember everybody's segments and compare.</summary>
public sealed class SegmentWatchTests : IDisposable
{
    private readonly SqliteSegments _database = new(":memory:");
    private readonly SegmentStore _store;

    public SegmentWatchTests() => _store = new SegmentStore(_database);

    public void Dispose() => _database.Dispose();

    /// <summary>A customer who is in `rich` with enough events and, beside that, in `idle` on some days, under definitions that name other segments each.</summary>
    private static readonly ViewDefinition[] Definitions = [Define("one", ["marketing", "profiling"], "rich", "idle"), Define("two", ["marketing", "profiling"], "rich", "fresh"), Define("three", ["profiling"], "idle")];

    private static readonly string[] Purposes = ["marketing", "profiling"];

    /// <summary>What a customer says of a purpose changes with its events; null: never said anything.</summary>
    private static bool? Says(int customer, int events, string purpose) => ((customer * 5 + events * 7 + purpose.Length) / 3 % 4) switch { 0 => true, 1 => true, 2 => false, _ => null };

    private static bool[] Judge(ViewDefinition definition, int customer, int events, int day) => [.. definition.Segments.Select(s => s.Name switch
    {
        "rich" => events % 3 == 2,
        "idle" => (customer + events + day) % 4 == 0,
        _ => events > 1,
    })];

    /// <summary>Rows are written late, twice, and again after a crash between the rows and the journal; the feed, replayed, is always who is in.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Feed_WhenReplayed_IsWhoIsIn(int seed)
    {
        const int customers = 12;
        var random = new Random(seed);
        var (events, oracle) = (new int[customers], new HashSet<(int, string)>());
        var agreeing = Purposes.ToDictionary(p => p, _ => new HashSet<(int, string)>());
        var followers = Purposes.ToDictionary(p => p, _ => (Seen: 0L, In: new HashSet<(int, string)>()));
        var (definition, day, offset) = (Definitions[0], 20_000, 0L);
        var watch = NewWatch();
        for (var step = 0; step < 150; step++)
        {
            switch (random.Next(10))
            {
                case 0: // everybody, of a new day or under another definition
                    if (random.Next(2) == 0) day++;
                    else definition = Definitions[random.Next(Definitions.Length)];
                    Write(Enumerable.Range(0, customers), crash: false);
                    watch.Swept(0, new SegmentSweep(definition.Hash, day));
                    break;
                case 1:
                    watch = NewWatch(); // another owner
                    break;
                default:
                    var changed = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(customers)).Distinct().ToList();
                    foreach (var c in changed) events[c]++;
                    offset++;
                    var crash = random.Next(4) == 0;
                    Write(changed, crash);
                    if (crash) Write(changed, crash: false); // its successor finds them behind the mark
                    if (random.Next(3) == 0) Write(changed, crash: false);
                    break;
            }
            Check();
        }
        Assert.Equal(_store.After(0, int.MaxValue).Count, _store.After(0, int.MaxValue).Select(c => c.Change.Id).Distinct().Count());

        void Write(IEnumerable<int> who, bool crash)
        {
            var pass = watch.Begin();
            foreach (var c in who)
            {
                pass.See(new PopulationRow(Id(c), 0, 1, offset, AnswerOf(definition, day, Judge(definition, c, events[c], day), p => Says(c, events[c], p))));
                if (crash) continue;
                oracle.RemoveWhere(m => m.Item1 == c);
                foreach (var members in agreeing.Values) members.RemoveWhere(m => m.Item1 == c);
                for (var i = 0; i < definition.Segments.Count; i++)
                {
                    if (!Judge(definition, c, events[c], day)[i]) continue;
                    oracle.Add((c, definition.Segments[i].Name));
                    foreach (var purpose in Purposes)
                        if (definition.Metrics.Any(m => m.Name == purpose) && Says(c, events[c], purpose) == true) agreeing[purpose].Add((c, definition.Segments[i].Name));
                }
            }
            if (!crash) pass.Record((customer, then) => Judge(definition, int.Parse(customer.ToString()), events[int.Parse(customer.ToString())], then), null);
        }

        void Check()
        {
            var replayed = new HashSet<(int, string)>();
            foreach (var (_, change) in _store.After(0, int.MaxValue))
                Assert.True(change.Entered ? replayed.Add((int.Parse(change.Customer.ToString()), change.Segment)) : replayed.Remove((int.Parse(change.Customer.ToString()), change.Segment)), $"{change} changes nothing");
            Assert.Equal(oracle.Order(), replayed.Order());
            foreach (var purpose in Purposes)
            {
                // Somebody who follows all the time is told nothing that changes nothing; who comes late is told of nobody who withdrew since.
                var (seen, members) = followers[purpose];
                foreach (var (number, change) in _store.After(seen, int.MaxValue, purpose))
                {
                    var moved = (int.Parse(change.Customer.ToString()), change.Segment);
                    if (change.Entered) Assert.True(members.Add(moved), $"{change} changes nothing");
                    else members.Remove(moved);
                    seen = number;
                }
                followers[purpose] = (seen, members);
                Assert.Equal(agreeing[purpose].Order(), members.Order());
                var late = new HashSet<(int, string)>();
                foreach (var (_, change) in _store.After(0, int.MaxValue, purpose))
                    _ = change.Entered ? late.Add((int.Parse(change.Customer.ToString()), change.Segment)) : late.Remove((int.Parse(change.Customer.ToString()), change.Segment));
                Assert.Equal(agreeing[purpose].Order(), late.Order());
            }
            Assert.Equal(oracle.Order(), _store.MembershipsOf([.. Enumerable.Range(0, customers).Select(Id)]).SelectMany(m => m.Value.Select(v => (int.Parse(m.Key.ToString()), v.Segment))).Order());
        }
    }

    [Fact]
    public void Cause_WhenTheSameEventsWouldHaveDoneItTheDayBefore_IsAnEvent()
    {
        var (definition, watch) = (Definitions[0], NewWatch());
        watch.Swept(0, new SegmentSweep(definition.Hash, 20_000));
        See(watch, definition, 20_000, [true, false], [true, false]);
        See(watch, definition, 20_001, [false, true], [false, false]); // on the day before neither: leaving was an event, entering the day
        See(watch, Definitions[1], 20_001, [true, true], [true, true]);
        See(watch, Definitions[1], 20_001, [false, true], [false, true]); // the second change under it
        Assert.Equal(
            [
                ("rich", true, ChangeCause.Event), ("rich", false, ChangeCause.Event), ("idle", true, ChangeCause.Day), ("rich", true, ChangeCause.Definition), ("fresh", true, ChangeCause.Definition),
                ("idle", false, ChangeCause.Definition), ("rich", false, ChangeCause.Event),
            ],
            _store.After(0, 99).Select(c => (c.Change.Segment, c.Change.Entered, c.Change.Cause)));
    }

    [Fact]
    public void Since_WhenACustomerStaysUnderANewDefinition_Stays()
    {
        var watch = NewWatch();
        watch.Swept(0, new SegmentSweep(Definitions[0].Hash, 20_000));
        See(watch, Definitions[0], 20_000, [true, false], [true, false]);
        var since = _store.MembershipsOf([Id(1)])[Id(1)].Single();
        See(watch, Definitions[1], 20_009, [true, false], [true, false]);
        Assert.Equal(since, _store.MembershipsOf([Id(1)])[Id(1)].Single());
    }

    [Fact]
    public void Watch_WhenNobodyWasLookedAtYet_AsksForASweep()
    {
        var watch = new SegmentWatch(_store, TimeProvider.System);
        Assert.False(watch.Load(0));
        See(watch, Definitions[0], 20_000, [true, false], [true, false]);
        Assert.Equal(ChangeCause.Definition, _store.After(0, 9).Single().Change.Cause); // nobody knows since when
        watch.Swept(0, new SegmentSweep(Definitions[0].Hash, 20_000));
        Assert.True(new SegmentWatch(_store, TimeProvider.System).Load(0));
    }

    private static void See(SegmentWatch watch, ViewDefinition definition, int day, bool[] now, bool[] then)
    {
        var pass = watch.Begin();
        pass.See(new PopulationRow(Id(1), 0, 1, 5, AnswerOf(definition, day, now, _ => null)));
        pass.Record((_, _) => then, null);
    }

    private SegmentWatch NewWatch()
    {
        var watch = new SegmentWatch(_store, TimeProvider.System);
        watch.Load(0);
        return watch;
    }

    private static CustomerId Id(int customer) => CustomerId.From($"{customer}");

    private static Answer AnswerOf(ViewDefinition definition, int day, bool[] segments, Func<string, bool?> says) =>
        new(definition, day, [.. definition.Outputs.Select(o => says(o.Name) is { } agrees ? Value.Bool(agrees) : Value.Null(ScalarType.Bool))], new Value[]?[definition.Outputs.Count], segments);

    /// <summary>Its rules are never asked: what they say is <see cref="Judge"/>'s.</summary>
    private static ViewDefinition Define(string name, string[] purposes, params string[] segments) => DefinitionLoader.Load($"{name}.yaml", $$"""
        view: {{name}}
        metrics:
          {{string.Join("\n  ", purposes.Select(p => $"{p}: {{ of: consent, latest: granted, when: \"purpose = '{p}'\" }}"))}}
        segments:
          {{string.Join("\n  ", segments.Select(s => $"{s}: profiling"))}}
        """);
}
