using System.Globalization;
using System.Text;
using Lambda.BatchLayer.Memory;
using Lambda.Cluster.Fraud;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Yaml;
using Lambda.TestKit.Events;
using Xunit;

namespace Lambda.SystemTests.Fraud;

/// <summary>Rules tried on recorded decisions: those that decided change nothing, others give what they would have said at the moment of the decision.</summary>
public sealed class RecordedBacktestTests
{
    private const long Minute = 60_000_000;

    private static readonly string[] Pool =
    [
        "{ name: high, when: score > 0.5, decision: decline, reason: HIGH }",
        "{ name: burst, velocity: { count: 2, within: 10m }, decision: decline, reason: BURST }",
        "{ name: much, velocity: { sum_minor: 9000, within: 24h }, decision: review, reason: MUCH }",
        "{ name: much_and_new, when: times_merchant = 0, velocity: { sum_minor: 3000, within: 1h }, decision: review, reason: NEW, mode: shadow }",
        "{ name: fine, when: status = 'approved' and billing_amount_minor > 4000, decision: review, reason: FINE }",
        "{ name: again, when: declines_in_row > 0, decision: decline, reason: AGAIN }",
        "{ name: said, when: decision = 'decline' or fraud_score > 0, decision: decline, reason: SAID }",
        "{ name: late, when: amount_minor > 100, decision: decline, reason: LATE, mode: shadow, from: 2023-11-14T23:30:00Z, until: 2023-11-15T02:00:00Z }",
    ];

    /// <summary>One decision with what the rules that are tried would have said then and there.</summary>
    private sealed record Made(string Id, string Customer, long At, Judgement Recorded, Decision Tried, RuleVerdict Verdict);

    [Fact]
    public async Task Backtest_OfRandomHistories_IsWhatTheRulesWouldHaveSaidThen()
    {
        var (decisions, changed, stopped) = (0L, 0L, 0L);
        for (var seed = 0; seed < 25; seed++)
        {
            var random = new Random(seed);
            var (decided, tried) = (Rules(random, "a"), Rules(random, "b"));
            var world = new World(random, decided, tried);
            for (var step = 0; step < 250; step++) world.Step();
            var backtest = await world.BacktestAsync([decided]);

            var same = await backtest.RunAsync(decided, long.MinValue / 2, long.MaxValue / 2, default);
            Assert.Equal((world.Decisions.Count, 0, 0, world.Decisions.Count, 0), ((int)same.Decisions.Count, (int)same.Changed.Count, (int)same.Remade.Differing, (int)same.Remade.Count, (int)same.Unreadable));

            var (from, to) = (World.Begin + random.Next(60) * Minute, World.Begin + (120 + random.Next(200)) * Minute);
            var other = await backtest.RunAsync(tried, from, to, default);
            Same(world, tried, other, [.. world.Decisions.Where(d => d.At >= from && d.At < to)], seed);
            (decisions, changed, stopped) = (decisions + other.Decisions.Count, changed + other.Changed.Count, stopped + other.StoppedNow.Count);
        }
        Assert.True(decisions > 1_000 && changed > 100 && stopped > 100 && stopped < decisions, $"{decisions} {changed} {stopped}");
    }

    /// <summary>Rules that are not kept, and a memory that is not what it was, are told.</summary>
    [Fact]
    public async Task Backtest_WhenItCannotMakeDecisionsAgain_SaysSo()
    {
        var rules = RulesLoader.Load("a", "rules: [{ name: burst, velocity: { count: 1, within: 24h }, decision: decline, reason: BURST }]");
        var world = new World(new Random(3), rules, rules);
        for (var step = 0; step < 80; step++) world.Step();
        var unkept = await (await world.BacktestAsync([])).RunAsync(RulesLoader.Load("b", "rules: []"), long.MinValue / 2, long.MaxValue / 2, default);
        Assert.Equal((0, world.Decisions.Count), (unkept.Remade.Count, unkept.Remade.NotKept));
        var lost = await (await world.BacktestAsync([rules], losesFirst: 20)).RunAsync(rules, long.MinValue / 2, long.MaxValue / 2, default);
        Assert.True(lost.Remade.Differing > 0);
        Assert.All(lost.Remade.First, p => Assert.StartsWith("0:", p, StringComparison.Ordinal));
    }

    private static void Same(World world, RuleSet rules, RuleTrialReport report, List<Made> expected, int seed)
    {
        Assert.Equal(expected.Select(d => (d.Recorded.Decision, d.Tried, world.IsFraud(d))).GroupBy(d => (d.Decision, d.Tried)).Select(g => (g.Key, g.LongCount(), g.LongCount(d => d.Item3))).Order(),
            report.Changes.Select(c => ((c.Recorded, c.Tried), c.Count.Count, c.Count.Frauds)).Order());
        foreach (var tally in report.Tallies)
        {
            var rule = tally.Rule;
            var fired = expected.Where(d => (rule.IsShadow ? d.Verdict.Shadow : d.Verdict.Fired).Contains(rule.Name)).ToList();
            Assert.True((fired.Count, fired.Count(world.IsFraud)) == ((int)tally.Fired.Count, (int)tally.Fired.Frauds), $"seed {seed}, {rule.Name}");
            Assert.Equal(expected.Count(d => d.Verdict.Suppressed.Contains(rule.Name)), tally.Suppressed);
            // With and without it, by the whole decision made anew.
            var otherwise = expected.ConvertAll(d => (Made: d, Decision: Otherwise(rules, rule, d)));
            Assert.Equal(otherwise.Count(o => o.Decision != o.Made.Tried), tally.Alone.Count);
            var stopped = otherwise.Where(o => o.Decision != Decision.Approve).ToList();
            Assert.Equal((stopped.Count, stopped.Count(o => world.IsFraud(o.Made))), ((int)report.Otherwise(tally).Count, (int)report.Otherwise(tally).Frauds));
        }
    }

    private static Decision Otherwise(RuleSet rules, FraudRule without, Made made)
    {
        var fired = made.Verdict.Fired.Where(n => n != without.Name).Concat(without.IsShadow && made.Verdict.Shadow.Contains(without.Name) ? [without.Name] : []);
        return fired.Select(n => rules.Rules.Single(r => r.Name == n).Decision).Append((made.Recorded.Card == CardStanding.Blocked ? Decision.Decline : made.Recorded.UnknownCard ?? Decision.Approve)).Max();
    }

    private static RuleSet Rules(Random random, string file)
    {
        var text = new StringBuilder("rules:\n");
        var rules = Pool.Where(_ => random.Next(3) > 0).Append("{ name: always, velocity: { count: 5, within: 1h }, decision: review, reason: ALWAYS }").ToList();
        foreach (var rule in rules) text.Append("  - ").AppendLine(random.Next(4) == 0 && !rule.Contains("mode", StringComparison.Ordinal) ? rule.Replace(" }", ", mode: shadow }", StringComparison.Ordinal).Replace("m, mode: shadow }", "m }", StringComparison.Ordinal).Replace("h, mode: shadow }", "h }", StringComparison.Ordinal) : rule);
        text.AppendLine("suppressions:").AppendLine("  - { rule: always, customer_id: c1, until: 2030-01-01T00:00:00Z, who: kim, why: test }").AppendLine("  - { rule: all, merchant_id: m2, until: 2023-11-15T00:00:00Z, who: kim, why: test }");
        return RulesLoader.Load(file, text.ToString());
    }

    /// <summary>A partition's log, in which decisions are made from what lies some records back.</summary>
    private sealed class World(Random random, RuleSet decided, RuleSet tried)
    {
        public const long Begin = 1_700_000_000_000_000;

        private readonly List<(string? Json, string? Fields, Judgement? Judgement)> _log = [];
        private readonly List<(string Customer, FraudEvent Event)> _events = []; // by offset; of another customer than any where the record says nothing
        private readonly HashSet<(string, string)> _ids = [];
        private readonly Dictionary<(string, string), (long At, bool Is)> _verdicts = [];
        private readonly NamedModel _model = new("m", new FraudModel(new TreeModel(0, [new TreeNode(0, 3, 1, 0), new TreeNode(-1, 0, 0, -1), new TreeNode(-1, 0, 0, 1.5f)], [0], FraudFeatures.Count), 0, 0, 7, 1, 1, 1, new Dictionary<string, double>()));

        public List<Made> Decisions { get; } = [];

        public bool IsFraud(Made made) => _verdicts.GetValueOrDefault((made.Customer, made.Id)).Is;

        public void Step()
        {
            var customer = $"c{random.Next(3)}";
            var at = Begin + _log.Count * Minute + random.Next(-90, 90) * 1_000_000L;
            var head = $"\"event_id\":\"e{random.Next(400)}\",\"customer_id\":\"{customer}\",\"occurred_at\":\"{DateTime.UnixEpoch.AddMicroseconds(at):yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}\"";
            var payment = $"{head},\"amount_minor\":{random.Next(6_000)},\"currency\":\"EUR\",\"direction\":\"debit\",\"merchant_id\":\"m{random.Next(4)}\",\"terminal_id\":\"t{random.Next(4)}\",\"x\":[1,{{\"authorization\":{{}}}}]";
            switch (random.Next(8))
            {
                case 0: Add(customer, $$"""{ {{head}},"type":"login","success":false}"""); break;
                case 1 when Decisions.Count > 0:
                    var of = Decisions[random.Next(Decisions.Count)];
                    Add(customer, $$"""{ {{head}},"type":"fraud_label","transaction_id":"{{of.Id}}","is_fraud":{{(random.Next(4) == 0 ? "false" : "true")}} }""");
                    break;
                case 2: Add(customer, $$"""{ {{payment}},"type":"transaction","status":"{{(random.Next(2) == 0 ? "declined" : "approved")}}"}"""); break;
                case 3 when _log.Count > 0 && _log[random.Next(_log.Count)] is { Json: { } again }: Add(customer, again); break; // a repeat
                default: Decide(customer, payment); break;
            }
        }

        public async Task<RecordedBacktest> BacktestAsync(IReadOnlyList<RuleSet> kept, int losesFirst = 0)
        {
            var (warehouse, frame) = (new MemoryWarehouse(), new FrameBuilder(0, losesFirst, 1));
            foreach (var (json, fields, judgement) in _log.Skip(losesFirst))
                if (json is not null) frame.Json(json);
                else frame.Decided(fields!, judgement!);
            await warehouse.InsertAsync([frame.Build()], default);
            return new RecordedBacktest(warehouse, 1, _ => long.MaxValue, hash => kept.FirstOrDefault(r => r.Hash == hash), () => FraudPolicy.Default);
        }

        private void Decide(string customer, string fields)
        {
            var (request, now) = (FrameBuilder.RequestOf(fields), Begin + _log.Count * Minute);
            var id = Encoding.UTF8.GetString(request.EventId);
            if (_ids.Contains((customer, id))) return;
            var seen = Math.Max(0, _log.Count - random.Next(4)); // other records came while it was decided
            var memory = new CustomerFraudMemory();
            for (var i = 0; i < seen; i++)
                if (_events[i].Customer == customer) memory.Apply(_events[i].Event);
            var card = random.Next(12) switch { 0 => CardStanding.Blocked, 1 => CardStanding.Unknown, _ => CardStanding.Active };
            var model = random.Next(3) > 0 ? _model : null;
            var policy = FraudPolicy.Default with { UnknownCard = (Decision)random.Next(3) }; // of then: today's is another
            Judgement Of(RuleSet rules) => new Judge().Of(request, memory, new DecisionBasis(new Scoring(NoAcceptors.Instance, model, null), rules, policy), card, now) with { StateOffset = seen, RequestHash = request.ContentHash };
            var (judgement, other) = (Of(decided), Of(tried));
            Decisions.Add(new Made(id, customer, now, judgement, other.Decision, new RuleVerdict(other.Decision, [], other.Fired, other.Shadow, other.Suppressed)));
            var row = new EventRow();
            RecordCodec.Read(new AuthorizationRecord().Encode(request, judgement), row);
            Keep(row, (null, fields, judgement));
        }

        private void Add(string customer, string json)
        {
            var (parser, row) = (new EventParser(), new EventRow());
            Assert.True(parser.TryParse(Encoding.UTF8.GetBytes(json), long.MaxValue / 2, out var record, out var why), $"{why} {json} {customer}");
            RecordCodec.Read(record.ToArray(), row);
            Keep(row, (json, null, null));
        }

        /// <summary>Of each event id the first counts.</summary>
        private void Keep(EventRow row, (string?, string?, Judgement?) line)
        {
            var (customer, id) = (Encoding.UTF8.GetString(row.CustomerId), Encoding.UTF8.GetString(row.EventId));
            var isFirst = _ids.Add((customer, id));
            var says = FraudEvents.TryOf(row, out var said) && isFirst;
            if (isFirst && row.Type == EventCatalog.FraudLabel)
            {
                var of = (customer, Encoding.UTF8.GetString(row.Text(EventCatalog.TransactionId.Ordinal)));
                if (!_verdicts.TryGetValue(of, out var before) || row.OccurredAtMicros >= before.At) _verdicts[of] = (row.OccurredAtMicros, row.Number(EventCatalog.IsFraud.Ordinal) != 0);
            }
            _log.Add(line);
            _events.Add((says ? customer : "", said));
        }
    }
}
