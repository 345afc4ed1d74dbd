-- The Customer 360 of views/customer360.yaml, recomputed by hand: what one would write for this view alone, knowing the table and ClickHouse.
-- One row per customer: all-time results, and per kind of event the days (with what windows and keys need of each event), so that days can still be
-- merged with later ones and windows be taken of any day. Of the copies of an event the one with the lowest offset counts.
CREATE TABLE recompute_by_hand ENGINE = MergeTree ORDER BY customer_id AS
SELECT
    customer_id,
    -- profile: value and when, latest wins
    maxIf(stamp, type = 'profile' AND full_name != '')           AS full_name_at,
    argMaxIf(full_name, stamp, type = 'profile' AND full_name != '') AS full_name_,
    maxIf(stamp, type = 'profile' AND email != '')               AS email_at,
    argMaxIf(email, stamp, type = 'profile' AND email != '')     AS email_,
    maxIf(stamp, type = 'profile' AND phone_number != '')        AS phone_at,
    argMaxIf(phone_number, stamp, type = 'profile' AND phone_number != '') AS phone_,
    maxIf(stamp, type = 'profile' AND has_birth_date)            AS birth_date_at,
    argMaxIf(birth_date, stamp, type = 'profile' AND has_birth_date) AS birth_date_,
    maxIf(stamp, type = 'profile' AND city != '')                AS city_at,
    argMaxIf(city, stamp, type = 'profile' AND city != '')       AS city_,
    maxIf(stamp, type = 'profile' AND country != '')             AS country_at,
    argMaxIf(country, stamp, type = 'profile' AND country != '') AS country_,
    maxIf(stamp, type = 'profile' AND occupation != '')          AS occupation_at,
    argMaxIf(occupation, stamp, type = 'profile' AND occupation != '') AS occupation_,
    maxIf(stamp, type = 'profile' AND has_annual_income)         AS annual_income_at,
    argMaxIf(annual_income_minor, stamp, type = 'profile' AND has_annual_income) AS annual_income_,
    maxIf(stamp, type = 'profile' AND customer_tier != '')       AS tier_at,
    argMaxIf(customer_tier, stamp, type = 'profile' AND customer_tier != '') AS tier_,
    minIf(customer_since, type = 'profile' AND has_customer_since) AS customer_since_,
    -- accounts and cards
    groupUniqArrayIf(account_id, type = 'account')               AS accounts,
    groupArrayIf((stamp, account_type, balance_minor), type = 'account' AND has_balance) AS balances,
    maxIf(stamp, type = 'account' AND account_type = 'credit_card' AND has_credit_limit) AS credit_limit_at,
    argMaxIf(credit_limit_minor, stamp, type = 'account' AND account_type = 'credit_card' AND has_credit_limit) AS credit_limit_,
    maxIf(stamp, type = 'account' AND account_status != '')      AS account_status_at,
    argMaxIf(account_status, stamp, type = 'account' AND account_status != '') AS account_status_,
    groupUniqArrayIf(card_token, type = 'transaction' AND card_token != '') AS cards,
    -- spending
    sumIf(billing_amount_minor, is_purchase)                     AS spend,
    countIf(is_purchase)                                         AS purchases,
    maxIf(billing_amount_minor, is_purchase)                     AS largest_purchase,
    sumIf(billing_amount_minor, is_travel)                       AS travel_spend,
    countIf(is_foreign)                                          AS foreign_purchases,
    sumIf(billing_amount_minor, is_cash)                         AS cash_withdrawn,
    countIf(is_night)                                            AS night_purchases,
    groupUniqArrayIf(merchant_id, is_purchase AND merchant_id != '') AS merchants,
    groupUniqArrayIf(country, is_purchase AND country != '')     AS purchase_countries,
    maxIf(stamp, is_purchase AND merchant_name != '')            AS last_merchant_at,
    argMaxIf(merchant_name, stamp, is_purchase AND merchant_name != '') AS last_merchant,
    minIf(occurred_at, is_purchase)                              AS first_purchase_at,
    maxIf(occurred_at, is_purchase)                              AS last_purchase_at,
    groupArrayIf((day, billing_amount_minor, category, channel, merchant_id, country, is_travel, is_foreign, is_cash, is_night), is_purchase) AS purchase_days,
    -- money coming in, money refused
    sumIf(billing_amount_minor, is_income)                       AS income,
    sumIf(billing_amount_minor, is_income AND category = 'salary') AS salary,
    countIf(is_refund)                                           AS refunds,
    sumIf(billing_amount_minor, is_refund)                       AS refunded,
    groupArrayIf((day, billing_amount_minor, category), is_income OR is_refund) AS credit_days,
    countIf(is_declined)                                         AS declines,
    groupArrayIf(day, is_declined)                               AS decline_days,
    countIf(type = 'transaction' AND status = 'reversed')        AS reversals,
    -- digital behaviour
    countIf(type = 'login' AND success)                          AS logins,
    countIf(type = 'login' AND NOT success)                      AS login_failures,
    groupArrayIf((day, success), type = 'login')                 AS login_days,
    maxIf(occurred_at, type = 'login' AND success)               AS last_login_at,
    groupUniqArrayIf(device_id, is_presence AND device_id != '') AS devices,
    groupUniqArrayIf(session_id, type = 'app_event' AND session_id != '') AS app_sessions,
    sumIf(duration_ms, type = 'app_event')                       AS app_time_ms,
    groupArrayIf((day, platform, session_id, duration_ms), type = 'app_event') AS app_days,
    -- rewards, credit, risk, consent
    sumIf(points, type = 'reward' AND reward_action = 'earn')    AS points_earned,
    sumIf(points, type = 'reward' AND reward_action = 'redeem')  AS points_redeemed,
    sumIf(points, type = 'reward' AND reward_action = 'expire')  AS points_expired,
    groupArrayIf((day, reward_action, points), type = 'reward')  AS reward_days,
    maxIf(stamp, type = 'credit_score')                          AS credit_score_at,
    argMaxIf(score, stamp, type = 'credit_score')                AS credit_score,
    minIf(stamp, type = 'credit_score')                          AS credit_score_first_at,
    argMinIf(score, stamp, type = 'credit_score')                AS credit_score_first,
    minIf(score, type = 'credit_score')                          AS credit_score_min,
    countIf(type = 'fraud_label' AND is_fraud)                   AS confirmed_frauds,
    maxIf(stamp, type = 'consent' AND purpose = 'marketing')     AS marketing_consent_at,
    argMaxIf(granted, stamp, type = 'consent' AND purpose = 'marketing') AS marketing_consent,
    -- presence
    groupUniqArrayIf(day, is_presence)                           AS active_days,
    minIf(occurred_at, is_presence)                              AS first_seen_at,
    maxIf(occurred_at, is_presence)                              AS last_seen_at
FROM
(
    SELECT
        *,
        toInt32(intDiv(occurred_at, 86400000000)) AS day,
        bitOr(bitShiftLeft(toUInt128(occurred_at), 64), toUInt128(offset)) AS stamp,
        type = 'transaction' AND direction = 'debit' AND status = 'approved' AS is_purchase,
        is_purchase AND (category = 'travel' OR currency != billing_currency) AS is_travel,
        is_purchase AND currency != billing_currency AS is_foreign,
        is_purchase AND (category = 'cash' OR channel = 'atm') AS is_cash,
        is_purchase AND intDiv(occurred_at, 3600000000) % 24 < 5 AS is_night,
        type = 'transaction' AND direction = 'credit' AND status = 'approved' AND category IN ('salary', 'transfer') AS is_income,
        type = 'transaction' AND direction = 'credit' AND status = 'approved' AND category NOT IN ('salary', 'transfer') AS is_refund,
        type = 'transaction' AND status = 'declined' AS is_declined,
        type IN ('transaction', 'login', 'app_event') AS is_presence,
        bitTest(present, {birth_date}) AS has_birth_date,
        bitTest(present, {annual_income_minor}) AS has_annual_income,
        bitTest(present, {customer_since}) AS has_customer_since,
        bitTest(present, {balance_minor}) AS has_balance,
        bitTest(present, {credit_limit_minor}) AS has_credit_limit
    FROM raw_events
    ORDER BY partition, customer_id, event_id, offset
    LIMIT 1 BY partition, customer_id, event_id
)
GROUP BY partition, customer_id
