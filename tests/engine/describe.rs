//! Schedules in plain English.

use crate::cases::{trigger, zone};
use rsched::schedule::{
    CalendarDay, CalendarSteps, Cron, Exclusion, ScheduleSpec, TableField, Trigger,
};
use std::time::Duration;

fn says(trigger: Trigger) -> String {
    ScheduleSpec::new(trigger, zone("UTC")).describe()
}

#[test]
fn crontab_expressions_are_said_in_english() {
    for (expression, text) in [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        (
            "*/7 * * * *",
            "at the minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour",
        ),
        ("@hourly", "at minute 0 of every hour"),
        ("30 3 * * *", "at 03:30, every day"),
        ("0 6,18 * * *", "at 06:00 and 18:00, every day"),
        ("* 3 * * *", "every minute in the hour 3"),
        (
            "*/5 9-17 * * mon-fri",
            "every 5 minutes in the hours 9 to 17, on Monday to Friday",
        ),
        (
            "0 0 1-15 may-aug *",
            "at 00:00, on day 1 to 15 of the month, in May to August",
        ),
        ("0 22 * * 6,0", "at 22:00, on Saturday and Sunday"),
        (
            "0 0 13 * 5",
            "at 00:00, on day 13 of the month or on Friday, whichever comes",
        ),
        (
            "0 0 */2 * 1",
            "at 00:00, on day 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month if that is Monday",
        ),
        ("0 12 * * 5#3", "at 12:00, on the third Friday of the month"),
        ("0 12 L * *", "at 12:00, on the last day of the month"),
        (
            "0 12 15W,LW * *",
            "at 12:00, on the last working day (Monday to Friday) of the month or the working day (Monday to Friday) nearest to day 15",
        ),
        ("0 0 1 1 *", "at 00:00, on day 1 of the month, in January"),
        ("@reboot", "once after every boot"),
        ("@every 90s", "every 1m 30s"),
    ] {
        assert_eq!(says(trigger(expression)), text, "{expression}");
    }
}

#[test]
fn tables_calendar_steps_and_combinations_are_said_in_english() {
    let table = |fields: &[(TableField, &str)]| Trigger::Cron(Cron::table(fields).unwrap());
    assert_eq!(
        says(table(&[(TableField::Second, "*/10")])),
        "every 10 seconds"
    );
    assert_eq!(
        says(table(&[
            (TableField::Day, "last fri"),
            (TableField::Hour, "0")
        ])),
        "at 00:00, on the last Friday of the month"
    );
    assert_eq!(
        says(table(&[
            (TableField::Year, "2030"),
            (TableField::Week, "1-3")
        ])),
        "at 00:00, in ISO week 1 to 3, in 2030"
    );
    let steps = CalendarSteps {
        months: 2,
        day: Some(CalendarDay::Last),
        hour: 6,
        ..CalendarSteps::default()
    };
    assert_eq!(
        says(Trigger::Calendar(steps)),
        "every 2 months at 06:00, on the last day of the month"
    );
    let tokyo = ScheduleSpec::new(trigger("0 9 * * *"), zone("Asia/Tokyo"));
    let two_hours = Trigger::Interval {
        length: Duration::from_secs(7200),
        first_now: false,
    };
    let any = Trigger::Any(vec![tokyo, ScheduleSpec::new(two_hours, zone("UTC"))]);
    let christmas = [(TableField::Month, "12"), (TableField::Day, "25")];
    let except = Trigger::Except {
        trigger: Box::new(any),
        except: vec![Exclusion::table(&christmas, zone("UTC")).unwrap()],
    };
    assert_eq!(
        says(except),
        "whenever one of these fires: (at 09:00, every day, in Asia/Tokyo), (every 2h), \
         except on day 25 of the month, in December"
    );
}
