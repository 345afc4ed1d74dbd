namespace Lambda.Domain.Events;

/// <summary>
/// Every event type and field Lambda knows, written once: validation, log records, warehouse columns, the definition language,
/// API docs and the data dictionary all read it. Common to all types: event_id, customer_id, type, occurred_at.
/// To add a field append it with the next ordinal; to add a type append it with the next code.
/// </summary>
public static class EventCatalog
{
    public const int MaxFields = 64; // presence is one 64-bit mask

    private static readonly List<Field> AllFields = [];

    // --- fields -------------------------------------------------------------------------------------------------------
    // Order is the storage ordinal. Append only.
    public static readonly Field AmountMinor = Int("amount_minor", "Amount in minor units of `currency`.", 0, MoneyMax, FieldUnit.MoneyMixedCurrency);
    public static readonly Field Currency = Text("currency", "ISO 4217 code of the amount.", 3);
    public static readonly Field BillingAmountMinor = Int("billing_amount_minor", "Amount in minor units of the account's currency; defaults to amount_minor when the currencies are equal.", 0, MoneyMax, FieldUnit.MoneyBillingCurrency);
    public static readonly Field BillingCurrency = Text("billing_currency", "ISO 4217 code of the account's currency; defaults to `currency`.", 3);
    public static readonly Field Direction = Enum("direction", "debit takes money from the customer, credit gives it back (refund, salary).", "debit", "credit");
    public static readonly Field Status = Enum("status", "Outcome at the gateway.", "approved", "declined", "reversed");
    public static readonly Field MerchantId = Text("merchant_id", "Acquirer's merchant id.", 64);
    public static readonly Field MerchantName = Text("merchant_name", "Merchant name as on the statement.", 200);
    public static readonly Field Mcc = Int("mcc", "Merchant category code, ISO 18245.", 0, 9999);
    public static readonly Field Category = Vocab("category", "Spending category.", "groceries", "restaurants", "transport", "fuel", "travel", "entertainment", "shopping", "health", "utilities", "education", "services", "cash", "salary", "transfer");
    public static readonly Field Channel = Vocab("channel", "How the event reached the issuer.", "pos", "online", "contactless", "atm", "mobile", "web", "branch", "phone");
    public static readonly Field Country = Text("country", "ISO 3166-1 alpha-2 code.", 2);
    public static readonly Field City = Text("city", "City.", 100);
    public static readonly Field Lat = Dec("lat", "Latitude in degrees.", -90, 90);
    public static readonly Field Lon = Dec("lon", "Longitude in degrees.", -180, 180);
    public static readonly Field TerminalId = Text("terminal_id", "Payment terminal.", 64);
    public static readonly Field DeviceId = Text("device_id", "Device fingerprint or installation id.", 128);
    public static readonly Field CardToken = Text("card_token", "Token of the card, never its number.", 128);
    public static readonly Field AccountId = Text("account_id", "Account of the customer.", 64);
    public static readonly Field FullName = Text("full_name", "Customer's full name.", 200, pii: true);
    public static readonly Field Email = Text("email", "E-mail address.", 254, pii: true);
    public static readonly Field PhoneNumber = Text("phone_number", "Phone number, E.164 preferred.", 32, pii: true);
    public static readonly Field BirthDate = DayField("birth_date", "Date of birth.", pii: true);
    public static readonly Field Occupation = Text("occupation", "Occupation as told by the customer.", 100);
    public static readonly Field AnnualIncomeMinor = Int("annual_income_minor", "Declared annual income in minor units of the home currency.", 0, MoneyMax, FieldUnit.MoneyBillingCurrency);
    public static readonly Field CustomerTier = Vocab("customer_tier", "Tier given by the issuer.", "basic", "silver", "gold", "platinum", "private");
    public static readonly Field CustomerSince = DayField("customer_since", "Day the relationship began.");
    public static readonly Field AccountType = Vocab("account_type", "Kind of account.", "current", "savings", "credit_card", "debit_card", "prepaid", "loan");
    public static readonly Field AccountStatus = Enum("account_status", "State of the account.", "open", "blocked", "closed");
    public static readonly Field BalanceMinor = Int("balance_minor", "Balance in minor units of `billing_currency`; negative when overdrawn.", -MoneyMax, MoneyMax, FieldUnit.MoneyBillingCurrency);
    public static readonly Field CreditLimitMinor = Int("credit_limit_minor", "Credit limit in minor units of `billing_currency`.", 0, MoneyMax, FieldUnit.MoneyBillingCurrency);
    public static readonly Field Success = BoolField("success", "True when the login succeeded.");
    public static readonly Field AuthMethod = Vocab("auth_method", "How the customer proved who they are.", "password", "pin", "biometric", "otp", "passkey");
    public static readonly Field FailureReason = Text("failure_reason", "Why a login or transaction failed.", 100);
    public static readonly Field IpAddress = Text("ip_address", "Address the request came from.", 45, pii: true);
    public static readonly Field SessionId = Text("session_id", "App or web session.", 128);
    public static readonly Field AppEventName = Text("name", "What happened in the app (screen_view, button_click, …).", 100);
    public static readonly Field Platform = Vocab("platform", "Where the app runs.", "ios", "android", "web");
    public static readonly Field AppVersion = Text("app_version", "Version of the app.", 32);
    public static readonly Field DurationMs = Int("duration_ms", "How long it took, milliseconds.", 0, 86_400_000L * 30);
    public static readonly Field Points = Int("points", "Reward points, always positive; `reward_action` gives the sign.", 0, 1_000_000_000_000);
    public static readonly Field RewardAction = Enum("reward_action", "earn adds points, redeem and expire take them.", "earn", "redeem", "expire");
    public static readonly Field RewardProgram = Text("program", "Reward programme.", 64);
    public static readonly Field Score = Int("score", "Credit score.", 0, 1000);
    public static readonly Field Bureau = Text("bureau", "Who computed the score.", 64);
    public static readonly Field TransactionId = Text("transaction_id", "event_id of the transaction this is about.", 128);
    public static readonly Field IsFraud = BoolField("is_fraud", "Verdict on the transaction.");
    public static readonly Field FraudScenario = Text("scenario", "Kind of fraud.", 64);
    public static readonly Field Purpose = Vocab("purpose", "What the consent is for.", "marketing", "profiling", "analytics", "third_party");
    public static readonly Field Granted = BoolField("granted", "True gives the consent, false withdraws it.");
    public static readonly Field IdentifierKind = Enum("identifier_kind", "What kind of identifier.", "email", "device", "crm", "card");
    public static readonly Field Identifier = Text("identifier", "email: the address, or its SHA-256 in hex; kept is the SHA-256 of the address in lower case, never the address. device, crm: the id. card: the token, never the number.", 256, pii: true);
    public static readonly Field IdentifierIsLinked = BoolField("identifier_is_linked", "False: it is the customer's no longer. Missing means true.");
    public static readonly Field CardStatus = Enum("card_status", "State of the card. Only an active one is accepted.", "active", "blocked", "closed");
    public static readonly Field Decision = Enum("decision", "What was answered to the gateway; only where Lambda decided. A transaction in review went through and waits for an analyst.", "approve", "review", "decline");
    public static readonly Field FraudScore = Dec("fraud_score", "What the model said, 0..1; only where Lambda decided and had a model.", 0, 1);

    // --- types --------------------------------------------------------------------------------------------------------
    public static readonly EventType Profile = new(1, "profile", "What is known about the person; every present field replaces its earlier value.",
        [Opt(FullName), Opt(Email), Opt(PhoneNumber), Opt(BirthDate), Opt(Occupation), Opt(AnnualIncomeMinor), Opt(CustomerTier), Opt(CustomerSince), Opt(Country), Opt(City)]);
    public static readonly EventType Account = new(2, "account", "State of one account of the customer.",
        [Req(AccountId), Req(AccountType), Opt(AccountStatus), Opt(BalanceMinor), Opt(CreditLimitMinor), Opt(BillingCurrency), Opt(CardToken)]);
    public static readonly EventType Transaction = new(3, "transaction", "A card or account transaction.",
        [Req(AmountMinor), Req(Currency), Req(BillingAmountMinor), Req(BillingCurrency), Req(Direction), Req(Status), Opt(MerchantId), Opt(MerchantName), Opt(Mcc), Opt(Category), Opt(Channel), Opt(Country), Opt(City), Opt(Lat), Opt(Lon), Opt(TerminalId), Opt(DeviceId), Opt(CardToken), Opt(AccountId), Opt(FailureReason), Opt(Decision), Opt(FraudScore)]);
    public static readonly EventType Login = new(4, "login", "An attempt to log in.",
        [Req(Success), Opt(AuthMethod), Opt(Channel), Opt(DeviceId), Opt(IpAddress), Opt(Country), Opt(FailureReason), Opt(Platform)]);
    public static readonly EventType AppEvent = new(5, "app_event", "Something the customer did in the app or on the web site.",
        [Req(AppEventName), Opt(SessionId), Opt(Platform), Opt(AppVersion), Opt(DeviceId), Opt(DurationMs), Opt(Channel), Opt(Country)]);
    public static readonly EventType Reward = new(6, "reward", "Reward points earned, redeemed or expired.",
        [Req(RewardAction), Req(Points), Opt(RewardProgram), Opt(TransactionId)]);
    public static readonly EventType CreditScore = new(7, "credit_score", "A credit score from a bureau.",
        [Req(Score), Opt(Bureau)]);
    public static readonly EventType FraudLabel = new(8, "fraud_label", "The verdict on an earlier transaction (chargeback, confirmed case).",
        [Req(TransactionId), Req(IsFraud), Opt(FraudScenario)]);
    public static readonly EventType Consent = new(9, "consent", "The customer gives or withdraws consent for a purpose.",
        [Req(Purpose), Req(Granted), Opt(Channel)]);
    public static readonly EventType Identify = new(10, "identify", "An identifier is the customer's, or is no longer; the newest word on each holds. The same one at two customers merges nobody: it is listed (GET /v1/identity/conflicts).",
        [Req(IdentifierKind), Req(Identifier), Opt(IdentifierIsLinked), Opt(Channel)]);
    public static readonly EventType Card = new(11, "card", "A card is the customer's, or is no longer usable; the newest word on each holds. Authorizations find their customer by it.",
        [Req(CardToken), Req(CardStatus), Opt(AccountId)]);
    public static readonly EventType Settlement = new(12, "settlement", "An authorized transaction is settled: its status changes, nothing is spent again.",
        [Req(TransactionId), Req(AmountMinor), Req(Currency), Req(BillingAmountMinor), Req(BillingCurrency)]);
    public static readonly EventType Reversal = new(13, "reversal", "An authorized transaction, or part of its amount, does not take place.",
        [Req(TransactionId), Req(AmountMinor), Req(Currency), Req(BillingAmountMinor), Req(BillingCurrency), Opt(FailureReason)]);

    /// <summary>All fields by ordinal.</summary>
    public static IReadOnlyList<Field> Fields => AllFields;

    /// <summary>All types in the order of their codes.</summary>
    public static readonly IReadOnlyList<EventType> Types = [Profile, Account, Transaction, Login, AppEvent, Reward, CreditScore, FraudLabel, Consent, Identify, Card, Settlement, Reversal];

    private static readonly Dictionary<string, EventType> TypesByName = Types.ToDictionary(t => t.Name);
    private static readonly Dictionary<string, Field> FieldsByName = AllFields.ToDictionary(f => f.Name);

    public static EventType? TypeNamed(string name) => TypesByName.GetValueOrDefault(name);

    public static Field? FieldNamed(string name) => FieldsByName.GetValueOrDefault(name);

    /// <exception cref="InvalidDataException">No type has this code: the log was written by a newer version.</exception>
    public static EventType TypeOf(byte code) => code >= 1 && code <= Types.Count
        ? Types[code - 1]
        : throw new InvalidDataException($"event type code {code} is unknown here; known are 1..{Types.Count}");

    // --- how the lists above are written ----------------------------------------------------------------------------------
    private const long MoneyMax = 1_000_000_000_000_000; // 10^15 minor units: no real card amount, and 9,000 of them still fit int64

    private static FieldUse Req(Field field) => new(field, Required: true);

    private static FieldUse Opt(Field field) => new(field, Required: false);

    private static Field Int(string name, string doc, long min, long max, FieldUnit unit = FieldUnit.None) =>
        Declare(o => new Field(o, name, ScalarType.Int64, doc, min, max, Unit: unit));

    private static Field Dec(string name, string doc, long min, long max) =>
        Declare(o => new Field(o, name, ScalarType.Decimal, doc, (Int128)min * 1_000_000, (Int128)max * 1_000_000));

    private static Field Text(string name, string doc, int maxBytes, bool pii = false) =>
        Declare(o => new Field(o, name, ScalarType.Text, doc, Max: maxBytes, Pii: pii));

    private static Field BoolField(string name, string doc) => Declare(o => new Field(o, name, ScalarType.Bool, doc));

    private static Field DayField(string name, string doc, bool pii = false) => Declare(o => new Field(o, name, ScalarType.Day, doc, Pii: pii));

    private static Field Enum(string name, string doc, params string[] values) =>
        Declare(o => new Field(o, name, ScalarType.Text, doc, Max: 64, Vocabulary: values, Closed: true));

    private static Field Vocab(string name, string doc, params string[] values) =>
        Declare(o => new Field(o, name, ScalarType.Text, doc, Max: 64, Vocabulary: values));

    private static Field Declare(Func<int, Field> make)
    {
        var field = make(AllFields.Count);
        if (field.Ordinal >= MaxFields) throw new InvalidOperationException($"more than {MaxFields} fields");
        AllFields.Add(field);
        return field;
    }
}
