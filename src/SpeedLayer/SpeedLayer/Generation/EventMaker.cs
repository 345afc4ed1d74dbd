using Lambda.Domain.Events;
using static Lambda.Domain.Events.EventCatalog;

namespace Lambda.SpeedLayer.Generation;

/// <summary>Makes the next event of a customer from what is known of them. Leaves it in <see cref="Writer"/>, before Finish.</summary>
internal sealed class EventMaker(ulong seed, int days)
{
    private static readonly AliasTable[] CategoryOf = [.. World.Segments.Select(s => new AliasTable(s.Weights))];

    private readonly Texts _text = new(seed);
    private Xoshiro _random = new(seed ^ 0xE7E27);

    internal RecordWriter Writer { get; } = new();

    /// <summary>Where and when the next event happens.</summary>
    internal readonly record struct Moment(int Customer, int Day, long Micros, ulong Number);

    internal void Make(ref Person person, in Moment at)
    {
        var traits = new Traits(seed, at.Customer);
        if (person.Onboarded < Traits.OnboardingSteps)
        {
            Onboard(ref person, traits, at);
            return;
        }
        var segment = World.Segments[person.Segment];
        if (!person.WasRobbed && traits.RobbedDay(days) is >= 0 and var day && day <= at.Day) (person.WasRobbed, person.FraudLeft) = (true, (byte)_random.Between(2, 5));
        if (person.FraudLeft > 0) Fraud(ref person, at);
        else if (person.FraudPurchase != 0 && _random.PerMille(200)) Label(ref person, at, isFraud: true);
        else Usual(ref person, traits, segment, at, _random.Below(1000));
    }

    internal void Salary(ref Person person, in Moment at)
    {
        var traits = new Traits(seed, at.Customer);
        var cents = traits.IncomeCents(World.Segments[person.Segment]) / 1000 * _random.Between(990, 1010);
        Begin(Transaction, at);
        Money(cents, cents, "EUR"u8);
        Shop(World.Salary, at.Customer % World.Categories[World.Salary].Merchants);
        Writer.SetText(Direction, "credit"u8).SetText(Status, "approved"u8).SetText(Country, traits.Home.Country);
        Writer.SetText(AccountId, _text.Id('a', at.Customer));
        person.BalanceCents += cents;
    }

    /// <summary>Fields that no catalog knows, as producers add them.</summary>
    internal void AddUnknown()
    {
        Writer.AddExtra("campaign"u8, ExtraKind.Text, _random.PerMille(500) ? "spring"u8 : "autumn"u8);
        if (_random.PerMille(500)) Writer.AddExtra("ab_test"u8, _random.PerMille(500) ? ExtraKind.True : ExtraKind.False);
        if (_random.PerMille(500)) Writer.AddExtra("basket_items"u8, ExtraKind.Number, _random.PerMille(500) ? "3"u8 : "1.5"u8);
    }

    private void Usual(ref Person person, Traits traits, World.Segment segment, in Moment at, int roll)
    {
        if ((roll -= segment.AppPerMille / 2) < 0) App(traits, at);
        else if ((roll -= 100) < 0) LogIn(traits, at);
        else if ((roll -= 40) < 0) Rewards(ref person, at);
        else if ((roll -= 35) < 0) State(person, traits, segment, at);
        else if ((roll -= 8) < 0) Rate(ref person, at);
        else if ((roll -= 6) < 0) Portrait(traits, segment, at, whole: false);
        else if ((roll -= 6) < 0) Agree(at, given: _random.PerMille(700));
        else if ((roll -= 2) < 0 && person.LastPurchase != 0) Label(ref person, at, isFraud: false);
        else Purchase(ref person, traits, segment, at);
    }

    private void Onboard(ref Person person, Traits traits, in Moment at)
    {
        if (person.Onboarded == 0)
        {
            person.Segment = traits.Segment();
            person.Score = (short)(World.Segments[person.Segment].Score + traits.Pick(8, 120) - 60);
            person.BalanceCents = traits.IncomeCents(World.Segments[person.Segment]);
        }
        var segment = World.Segments[person.Segment];
        switch (person.Onboarded++)
        {
            case 0: Portrait(traits, segment, at, whole: true); break;
            case 1: State(person, traits, segment, at); break;
            case 2: Agree(at, given: traits.Pick(9, 10) < 6); break;
            default: Rate(ref person, at); break;
        }
    }

    private void Purchase(ref Person person, Traits traits, World.Segment segment, in Moment at)
    {
        var kind = CategoryOf[person.Segment].Draw(ref _random);
        var category = World.Categories[kind];
        var cents = Math.Max(50L, (long)category.MeanCents * segment.TicketPercent / 100 * World.Scatter[_random.Below(World.Scatter.Length)] / 1000);
        if (kind == World.Cash) cents = cents / 1000 * 1000 + 1000;
        var away = traits.TravelIn(at.Day / 7, segment.TravelPerMille);
        var online = _random.PerMille(category.OnlinePerMille);
        var refund = _random.PerMille(15);
        var declined = !refund && _random.PerMille(person.BalanceCents < cents ? 400 : 18);

        Begin(Transaction, at);
        Pay(cents, online ? null : away);
        Shop(kind, Math.Min(_random.Below(category.Merchants), _random.Below(category.Merchants)));
        Writer.SetText(Direction, refund ? "credit"u8 : "debit"u8);
        Writer.SetText(Status, declined ? "declined"u8 : _random.PerMille(5) ? "reversed"u8 : "approved"u8);
        if (declined) Writer.SetText(FailureReason, World.Declines[_random.Below(World.Declines.Length)]);
        Where(kind, online, online ? traits.Home : away ?? traits.Home, at.Customer);
        if (declined) return;
        person.BalanceCents += refund ? cents : -cents;
        person.Points += refund ? 0 : (int)(cents / 100);
        person.LastPurchase = at.Number;
    }

    /// <summary>A thief: far away or online, from another device, for more than usual.</summary>
    private void Fraud(ref Person person, in Moment at)
    {
        Begin(Transaction, at);
        var cents = 20_000L + _random.Below(180_000);
        var place = World.Abroad[_random.Below(World.Abroad.Length)];
        Pay(cents, place);
        Shop(6, _random.Below(World.Categories[6].Merchants));
        Writer.SetText(Direction, "debit"u8).SetText(Status, _random.PerMille(250) ? "declined"u8 : "approved"u8);
        Writer.SetText(Channel, "online"u8).SetText(Country, place.Country).SetText(DeviceId, _text.Hex('d', Xoshiro.Mix(at.Number)));
        Writer.SetText(CardToken, _text.Hex('t', Xoshiro.Mix(seed + (ulong)at.Customer))).SetText(AccountId, _text.Id('a', at.Customer));
        person.FraudLeft--;
        person.FraudPurchase = at.Number;
    }

    private void Label(ref Person person, in Moment at, bool isFraud)
    {
        Begin(FraudLabel, at);
        Writer.SetText(TransactionId, _text.EventIdOf(isFraud ? person.FraudPurchase : person.LastPurchase)).SetBool(IsFraud, isFraud);
        if (!isFraud) return;
        Writer.SetText(FraudScenario, World.FraudScenarios[_random.Below(World.FraudScenarios.Length)]);
        person.FraudPurchase = 0;
    }

    private void Pay(long cents, World.City? place)
    {
        if (place is null || place.CurrencyPerEuroMilli == 1_000)
        {
            Money(cents, cents, "EUR"u8);
            return;
        }
        Currencies.TryDigits(place.Currency, out var digits);
        var minor = cents * place.CurrencyPerEuroMilli / 1_000;
        for (var d = digits; d < 2; d++) minor /= 10;
        for (var d = 2; d < digits; d++) minor *= 10;
        Money(Math.Max(minor, 1), cents * 1_015 / 1_000, place.Currency); // the issuer's mark-up
    }

    private void Money(long amountMinor, long billingCents, ReadOnlySpan<byte> currency) => Writer
        .SetNumber(AmountMinor, amountMinor).SetText(Currency, currency).SetNumber(BillingAmountMinor, billingCents).SetText(BillingCurrency, "EUR"u8);

    private void Shop(int kind, int merchant)
    {
        var category = World.Categories[kind];
        Writer.SetText(EventCatalog.Category, category.Name).SetNumber(Mcc, category.Mcc).SetText(MerchantId, _text.Id('m', kind * 1_000 + merchant));
        _text.Clear();
        _text.Add(category.Names[merchant % category.Names.Length]);
        _text.Add((byte)' ');
        _text.Add(merchant / category.Names.Length + 1);
        Writer.SetText(MerchantName, _text.Written);
    }

    private void Where(int kind, bool online, World.City place, int customer)
    {
        Writer.SetText(Country, place.Country).SetText(AccountId, _text.Id('a', customer)).SetText(CardToken, _text.Hex('t', Xoshiro.Mix(seed + (ulong)customer)));
        if (online)
        {
            Writer.SetText(Channel, "online"u8).SetText(DeviceId, _text.DeviceOf(customer));
            return;
        }
        Writer.SetText(Channel, kind == World.Cash ? "atm"u8 : _random.PerMille(650) ? "contactless"u8 : "pos"u8).SetText(EventCatalog.City, place.Name);
        Writer.SetText(TerminalId, _text.Id('T', _random.Below(100_000)));
        Writer.SetDecimal(Lat, place.LatMicro + _random.Between(-60_000, 60_000)).SetDecimal(Lon, place.LonMicro + _random.Between(-60_000, 60_000));
    }

    private void App(Traits traits, in Moment at)
    {
        var platform = World.Platforms[traits.Pick(10, World.Platforms.Length)];
        Begin(AppEvent, at);
        Writer.SetText(AppEventName, World.AppEvents[_random.Below(World.AppEvents.Length)]).SetText(Platform, platform).SetText(DeviceId, _text.DeviceOf(at.Customer));
        Writer.SetText(SessionId, _text.Hex('s', Xoshiro.Mix((ulong)at.Customer * 31 + (ulong)(at.Micros / 1_800_000_000)))).SetText(AppVersion, World.AppVersions[traits.Pick(11, World.AppVersions.Length)]);
        Writer.SetNumber(DurationMs, _random.Between(200, 90_000)).SetText(Channel, platform.Length == 3 && platform[0] == 'w' ? "web"u8 : "mobile"u8);
    }

    private void LogIn(Traits traits, in Moment at)
    {
        var success = !_random.PerMille(45);
        Begin(Login, at);
        Writer.SetBool(Success, success).SetText(AuthMethod, World.AuthMethods[_random.Below(World.AuthMethods.Length)]).SetText(Channel, "mobile"u8);
        Writer.SetText(DeviceId, _text.DeviceOf(at.Customer)).SetText(Country, traits.Home.Country);
        _text.Clear();
        _text.Add("10."u8);
        _text.Add(traits.Pick(12, 256));
        _text.Add((byte)'.');
        _text.Add(traits.Pick(13, 256));
        _text.Add((byte)'.');
        _text.Add(_random.Below(256));
        Writer.SetText(IpAddress, _text.Written);
        if (!success) Writer.SetText(FailureReason, World.LoginFailures[_random.Below(World.LoginFailures.Length)]);
    }

    private void Rewards(ref Person person, in Moment at)
    {
        var redeem = person.Points > 3_000 && _random.PerMille(400);
        var points = redeem ? _random.Between(1_000, person.Points) : Math.Max(person.Points / 10, 5);
        Begin(Reward, at);
        Writer.SetText(RewardAction, redeem ? "redeem"u8 : _random.PerMille(30) ? "expire"u8 : "earn"u8).SetNumber(Points, points).SetText(RewardProgram, World.Programs[0]);
        if (!redeem && person.LastPurchase != 0) Writer.SetText(TransactionId, _text.EventIdOf(person.LastPurchase));
        person.Points += redeem ? -points : points;
    }

    private void State(in Person person, Traits traits, World.Segment segment, in Moment at)
    {
        Begin(Account, at);
        Writer.SetText(AccountId, _text.Id('a', at.Customer)).SetText(AccountType, traits.Pick(14, 4) == 0 ? "credit_card"u8 : "current"u8).SetText(AccountStatus, "open"u8);
        Writer.SetNumber(BalanceMinor, person.BalanceCents).SetNumber(CreditLimitMinor, segment.IncomeCents * 2).SetText(BillingCurrency, "EUR"u8);
    }

    private void Rate(ref Person person, in Moment at)
    {
        person.Score = (short)Math.Clamp(person.Score + _random.Between(-15, 15), 300, 990);
        Begin(CreditScore, at);
        Writer.SetNumber(Score, person.Score).SetText(Bureau, World.Bureaus[at.Customer % World.Bureaus.Length]);
    }

    private void Agree(in Moment at, bool given)
    {
        Begin(Consent, at);
        Writer.SetText(Purpose, World.Purposes[_random.Below(World.Purposes.Length)]).SetBool(Granted, given).SetText(Channel, "mobile"u8);
    }

    private void Portrait(Traits traits, World.Segment segment, in Moment at, bool whole)
    {
        Begin(Profile, at);
        _text.Clear();
        _text.Add("c"u8);
        _text.Add(at.Customer);
        _text.Add(whole ? "@mail.example"u8 : "@post.example"u8);
        Writer.SetText(Email, _text.Written).SetText(CustomerTier, segment.Tier);
        if (!whole) return;
        _text.Clear();
        _text.Add(World.FirstNames[traits.Pick(15, World.FirstNames.Length)]);
        _text.Add((byte)' ');
        _text.Add(World.LastNames[traits.Pick(16, World.LastNames.Length)]);
        Writer.SetText(FullName, _text.Written).SetText(Country, traits.Home.Country).SetText(EventCatalog.City, traits.Home.Name);
        Writer.SetNumber(BirthDate, -20_000 + traits.Pick(17, 32_000)).SetNumber(CustomerSince, 12_000 + traits.Pick(18, 7_000));
        Writer.SetText(Occupation, World.Occupations[traits.Pick(19, World.Occupations.Length)]).SetNumber(AnnualIncomeMinor, traits.IncomeCents(segment) * 12L);
    }

    private void Begin(EventType type, in Moment at)
    {
        Span<byte> customer = stackalloc byte[24];
        var id = Texts.CustomerIdOf(at.Customer, customer);
        Writer.Begin(type, id, _text.EventIdOf(at.Number), at.Micros);
    }
}
