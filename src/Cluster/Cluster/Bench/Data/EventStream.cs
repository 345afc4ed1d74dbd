using System.Buffers.Text;
using Lambda.Domain.Events;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Data;

/// <summary>
/// Events of so many customers, the same for a seed: the first event of each customer is its profile, then a mix as an issuer sees it (60 % transactions), who by Zipf.
/// Spread evenly over the days before <c>endMicros</c>. Counts what answers must show later.
/// </summary>
internal sealed class EventStream
{
    private static readonly byte[][] Merchants = [.. Enumerable.Range(0, 500).Select(i => System.Text.Encoding.UTF8.GetBytes($"mrc-{i:0000}"))];
    private static readonly byte[][] MerchantNames = [.. Enumerable.Range(0, 500).Select(i => System.Text.Encoding.UTF8.GetBytes($"Merchant number {i} Ltd"))];
    private static readonly byte[][] Categories = Vocabulary(EventCatalog.Category), Channels = Vocabulary(EventCatalog.Channel), Platforms = Vocabulary(EventCatalog.Platform);

    private readonly Zipf _who;
    private readonly long _beginMicros, _endMicros, _stepMicros;
    private readonly ulong _ids;
    private ulong _state;
    private long _next;

    /// <param name="events">How many there will be: they fill the <paramref name="days"/> evenly.</param>
    public EventStream(ulong seed, int customers, long events, int days, long endMicros)
    {
        (Tally, _who, _state) = (new Tally(customers), new Zipf(customers), seed);
        _ids = SplitMix.Next(ref _state);
        _stepMicros = Math.Max(1, days * Clock.MicrosPerDay / Math.Max(1, events));
        (_beginMicros, _endMicros) = (endMicros - _stepMicros * events, endMicros);
    }

    public Tally Tally { get; }

    /// <summary>c followed by 8 digits.</summary>
    public static ReadOnlySpan<byte> CustomerId(int customer, Span<byte> to)
    {
        to[0] = (byte)'c';
        Utf8Formatter.TryFormat(customer, to[1..], out var used, new System.Buffers.StandardFormat('D', 8));
        return to[..(1 + used)];
    }

    /// <summary>Begins and fills the next event; the caller finishes it.</summary>
    /// <returns>Number of its customer.</returns>
    public int Next(RecordWriter to)
    {
        var number = _next++;
        var customer = number < Tally.Customers ? (int)number : _who.Draw(ref _state);
        Span<byte> id = stackalloc byte[16];
        Span<byte> eventId = stackalloc byte[24];
        var at = Math.Min(_beginMicros + number * _stepMicros, _endMicros + number); // what comes after the planned ones happens now
        var random = SplitMix.Next(ref _state);
        var type = TypeOf(number, (int)(random % 100));
        to.Begin(type, CustomerId(customer, id), EventId(number, eventId), at);
        Fill(to, type, random >> 8, customer);
        return customer;
    }

    private EventType TypeOf(long number, int percent) => number < Tally.Customers ? EventCatalog.Profile : percent switch
    {
        < 60 => EventCatalog.Transaction,
        < 75 => EventCatalog.Login,
        < 92 => EventCatalog.AppEvent,
        < 96 => EventCatalog.Reward,
        < 98 => EventCatalog.Account,
        _ => EventCatalog.CreditScore,
    };

    private void Fill(RecordWriter to, EventType type, ulong random, int customer)
    {
        var spent = 0L;
        if (type == EventCatalog.Transaction) spent = FillTransaction(to, random);
        else if (type == EventCatalog.Login) FillLogin(to, random);
        else if (type == EventCatalog.AppEvent) FillAppEvent(to, random);
        else if (type == EventCatalog.Reward) to.SetText(EventCatalog.RewardAction, "earn"u8).SetNumber(EventCatalog.Points, (long)(random % 500)).SetText(EventCatalog.RewardProgram, "core"u8);
        else if (type == EventCatalog.Account) FillAccount(to, random);
        else if (type == EventCatalog.CreditScore) to.SetNumber(EventCatalog.Score, 300 + (long)(random % 550)).SetText(EventCatalog.Bureau, "bureau-a"u8);
        else FillProfile(to, random, customer);
        Tally.Count(customer, to.Has(EventCatalog.BillingAmountMinor) ? to.Number(EventCatalog.BillingAmountMinor) : 0, spent);
    }

    /// <returns>What counts as spend: approved debits.</returns>
    private static long FillTransaction(RecordWriter to, ulong random)
    {
        var amount = 100 + (long)(random % 25_000);
        var merchant = (int)(random >> 16) % Merchants.Length & 0x1ff;
        var (isCredit, isDeclined) = ((random >> 32) % 20 == 0, (random >> 40) % 25 == 0);
        to.SetNumber(EventCatalog.AmountMinor, amount).SetText(EventCatalog.Currency, "EUR"u8)
            .SetNumber(EventCatalog.BillingAmountMinor, amount).SetText(EventCatalog.BillingCurrency, "EUR"u8)
            .SetText(EventCatalog.Direction, isCredit ? "credit"u8 : "debit"u8)
            .SetText(EventCatalog.Status, isDeclined ? "declined"u8 : "approved"u8)
            .SetText(EventCatalog.MerchantId, Merchants[merchant % Merchants.Length]).SetText(EventCatalog.MerchantName, MerchantNames[merchant % Merchants.Length])
            .SetNumber(EventCatalog.Mcc, 5000 + merchant).SetText(EventCatalog.Category, Categories[(random >> 20) % (ulong)Categories.Length])
            .SetText(EventCatalog.Channel, Channels[(random >> 24) % (ulong)Channels.Length])
            .SetText(EventCatalog.Country, "PT"u8).SetText(EventCatalog.City, "Lisboa"u8)
            .SetText(EventCatalog.CardToken, "tok_9f8e7d6c5b4a"u8);
        return isCredit || isDeclined ? 0 : amount;
    }

    private static void FillLogin(RecordWriter to, ulong random) => to
        .SetBool(EventCatalog.Success, random % 10 != 0).SetText(EventCatalog.AuthMethod, "biometric"u8).SetText(EventCatalog.Channel, "mobile"u8)
        .SetText(EventCatalog.DeviceId, "dev-5d41402abc4b"u8).SetText(EventCatalog.IpAddress, "10.20.30.40"u8).SetText(EventCatalog.Country, "PT"u8);

    private static void FillAppEvent(RecordWriter to, ulong random) => to
        .SetText(EventCatalog.AppEventName, "screen_view"u8).SetText(EventCatalog.SessionId, "ses-7d793037a076"u8)
        .SetText(EventCatalog.Platform, Platforms[random % (ulong)Platforms.Length]).SetText(EventCatalog.AppVersion, "5.12.1"u8)
        .SetNumber(EventCatalog.DurationMs, (long)(random >> 8 & 0xffff));

    private static void FillAccount(RecordWriter to, ulong random) => to
        .SetText(EventCatalog.AccountId, "acc-01"u8).SetText(EventCatalog.AccountType, "credit_card"u8).SetText(EventCatalog.AccountStatus, "open"u8)
        .SetNumber(EventCatalog.BalanceMinor, (long)(random % 5_000_000)).SetNumber(EventCatalog.CreditLimitMinor, 1_000_000).SetText(EventCatalog.BillingCurrency, "EUR"u8);

    private static void FillProfile(RecordWriter to, ulong random, int customer)
    {
        Span<byte> name = stackalloc byte[32], mail = stackalloc byte[32];
        Span<byte> id = stackalloc byte[16];
        id = id[..CustomerId(customer, id).Length];
        "Customer "u8.CopyTo(name);
        id.CopyTo(name[9..]);
        id.CopyTo(mail);
        "@example.com"u8.CopyTo(mail[id.Length..]);
        to.SetText(EventCatalog.FullName, name[..(9 + id.Length)]).SetText(EventCatalog.Email, mail[..(id.Length + 12)])
            .SetText(EventCatalog.CustomerTier, "gold"u8).SetNumber(EventCatalog.AnnualIncomeMinor, (long)(random % 20_000_000))
            .SetText(EventCatalog.Country, "PT"u8).SetText(EventCatalog.City, "Lisboa"u8);
    }

    private ReadOnlySpan<byte> EventId(long number, Span<byte> to)
    {
        "e-"u8.CopyTo(to);
        Utf8Formatter.TryFormat(_ids ^ (ulong)number, to[2..], out var used, new System.Buffers.StandardFormat('x', 16));
        return to[..(2 + used)];
    }

    private static byte[][] Vocabulary(Field field) => [.. field.Vocabulary!.Select(System.Text.Encoding.UTF8.GetBytes)];
}
