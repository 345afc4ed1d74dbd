using System.Globalization;
using Microsoft.AspNetCore.Http;
using Xunit;
using static Lambda.SpeedLayer.Tests.Polling.MisbehavingApi;

namespace Lambda.SpeedLayer.Tests.Polling;

/// <summary>
/// Customers of an API change while it is polled, it misbehaves at random and the poller dies at random: in the end every customer's last state is in the log, and what came
/// more than once came under the same id. A failure names its seed.
/// </summary>
public sealed class PollingPropertyTests(MisbehavingApi api) : IClassFixture<MisbehavingApi>
{
    private const int Seeds = 12, Polls = 30, PageSize = 3;

    public static TheoryData<string, string> Kinds => new()
    {
        { "cursor", "paging: { cursor: after, field: next }" }, { "next", "paging: { next: next }" },
        { "page", "paging: { page: page }" }, { "last", "paging: { page: page, last: last }" }, { "all", "pages_max: 1" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Poll_WhenEverythingGoesWrong_LosesNothingAndRepeatsUnderTheSameId(string kind, string paging)
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var model = new Model(kind, new Random(seed));
            api.Begin(model.AnswerAsync);
            using var rig = new PollerRig(api.Url, $"items: data\ninterval: 10s\nsince: {{ parameter: since, field: updated_at, overlap: 10s }}\n{paging}");
            (model.Time, rig.Cursors.Dies) = (rig.Time, () => model.Faulty && model.Random.Next(8) == 0);
            for (var i = 0; i < Polls; i++)
            {
                model.Change();
                rig.Time.Advance(await rig.StepAsync());
                if (model.Random.Next(6) == 0) rig.Restart();
            }
            model.Faulty = false;
            await UntilStillAsync(rig);
            var (found, last) = (rig.EventIds().ToHashSet(), model.Last());
            Assert.True(last.IsSubsetOf(found), $"{kind}, seed {seed}: lost {string.Join(' ', last.Except(found))}; {rig.Poller.Trouble}");
            Assert.True(found.IsSubsetOf(model.Ever), $"{kind}, seed {seed}: nobody sent {string.Join(' ', found.Except(model.Ever))}");
            Assert.Empty(rig.Refused());
        }
    }

    /// <summary>Two walks to their end, the second without a change in between.</summary>
    private static async Task UntilStillAsync(PollerRig rig)
    {
        rig.Time.Advance(TimeSpan.FromMinutes(10)); // a circuit that is open closes
        for (var (walks, steps) = (0, 0); walks < 2; steps++)
        {
            Assert.True(steps < 200, rig.Poller.Trouble);
            var before = rig.Poller.WalkedAtMs;
            rig.Time.Advance(await rig.StepAsync() + TimeSpan.FromMilliseconds(1));
            if (rig.Poller.WalkedAtMs != before) walks++;
        }
    }

    private sealed class Model(string kind, Random random)
    {
        private readonly SortedDictionary<int, (int Version, DateTimeOffset At)> _customers = [];
        private string _lastBody = """{"data":[]}""";

        public Random Random => random;
        public SkippingTime Time { get; set; } = null!;
        public bool Faulty { get; set; } = true;
        public HashSet<string> Ever { get; } = [];

        public HashSet<string> Last() => [.. _customers.Select(c => $"crm:{c.Key}:{c.Value.Version}")];

        /// <summary>Some customers are new or have changed, also while pages are read.</summary>
        public void Change()
        {
            lock (_customers)
                for (var i = random.Next(4); i > 0; i--)
                {
                    var id = random.Next(25);
                    _customers[id] = (_customers.GetValueOrDefault(id).Version + 1, Time.GetUtcNow());
                    Ever.Add($"crm:{id}:{_customers[id].Version}");
                }
        }

        public Task AnswerAsync(HttpContext context, int before)
        {
            string body;
            lock (_customers)
            {
                if (Faulty && random.Next(3) == 0) Change();
                body = kind is "page" or "last" ? Numbered(context.Request.Query) : BySince(context.Request.Query);
            }
            var how = Faulty ? random.Next(24) : 99;
            (var last, _lastBody) = (_lastBody, body);
            switch (how)
            {
                case 0: return Status(context, 500);
                case 1: return Status(context, 429, "20");
                case 2: return Status(context, 503, "20");
                case 3: return CutOff(context, body[..random.Next(body.Length)]);
                case 4: return Json(context, body[..random.Next(body.Length)]);
                case 5: return Json(context, "<html>", "text/html");
                case 6: return Hang(context, Time.EndAttempts);
                case 7: return Status(context, 404);
                case 8 when kind is "page": return Json(context, last); // the page before comes again
                case 9:
                    context.Abort();
                    return Task.CompletedTask;
                default: return Json(context, body);
            }
        }

        /// <summary>In the order of their changes; who changes meanwhile comes again at the end.</summary>
        private string BySince(IQueryCollection query)
        {
            var after = query["after"].FirstOrDefault()?.Split('|');
            var since = query["since"].FirstOrDefault() is { } s ? DateTimeOffset.Parse(s, CultureInfo.InvariantCulture) : DateTimeOffset.MinValue;
            var found = _customers.OrderBy(c => (c.Value.At, c.Key)).Where(c => c.Value.At >= since);
            if (after is [var at, var id]) found = found.Where(c => (c.Value.At.Ticks, c.Key).CompareTo((long.Parse(at, CultureInfo.InvariantCulture), int.Parse(id, CultureInfo.InvariantCulture))) > 0);
            var page = (kind == "all" ? found : found.Take(PageSize)).ToList();
            if (kind == "all" || page.Count < PageSize) return $$"""{"data":[{{Items(page)}}],"next":null}""";
            var next = $"{page[^1].Value.At.Ticks}|{page[^1].Key}";
            if (kind == "next") next = $"?after={Uri.EscapeDataString(next)}&since={query["since"].FirstOrDefault() ?? "2000-01-01"}";
            return $$"""{"data":[{{Items(page)}}],"next":"{{next}}"}""";
        }

        /// <summary>In the order of their ids; who becomes part of the answer meanwhile moves others behind, never before.</summary>
        private string Numbered(IQueryCollection query)
        {
            var since = query["since"].FirstOrDefault() is { } s ? DateTimeOffset.Parse(s, CultureInfo.InvariantCulture) : DateTimeOffset.MinValue;
            var found = _customers.Where(c => c.Value.At >= since).ToList();
            var number = int.Parse(query["page"]!, CultureInfo.InvariantCulture);
            return $$"""{"data":[{{Items(found.Skip((number - 1) * PageSize).Take(PageSize))}}],"last":{{Math.Max(1, (found.Count + PageSize - 1) / PageSize)}}}""";
        }

        private static string Items(IEnumerable<KeyValuePair<int, (int Version, DateTimeOffset At)>> customers) =>
            string.Join(',', customers.Select(c => PollerRig.Item(c.Key, c.Value.Version, c.Value.At)));
    }
}
