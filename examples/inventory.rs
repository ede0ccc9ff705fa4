//! A shop's inventory: many customers buy at once, and nothing is sold that is not there.
//!
//! ```text
//! cargo run --example inventory
//! ```
//!
//! Between looking at the stock and buying lies work that takes long, such as asking the customer's bank: no lock
//! may be held meanwhile. So the articles of a basket are watched, and the sale is committed only if nobody has
//! bought of them since. If somebody has, it begins again, with what is left.

use std::collections::BTreeMap;

use danio::{Db, Error, Result};

const ARTICLES: [(&str, i64); 4] = [("apple", 40), ("bread", 25), ("cheese", 10), ("date", 3)];
const CUSTOMERS: usize = 8;
const VISITS: usize = 12;
/// How often a sale is begun again before the customer is asked to come back later.
const ATTEMPTS: usize = 100;

fn main() -> Result<()> {
    let shop = Shop { db: Db::in_memory() };
    for (article, count) in ARTICLES {
        shop.db.set(stock(article), count.to_string())?;
    }

    let sold: Vec<Sale> = std::thread::scope(|scope| {
        let customers: Vec<_> = (0..CUSTOMERS)
            .map(|customer| {
                let shop = &shop;
                scope.spawn(move || {
                    let visit = |visit| shop.buy(customer, &basket(customer, visit));
                    (0..VISITS).map(visit).collect::<Result<Vec<Sale>>>()
                })
            })
            .collect();
        let done = customers.into_iter().map(|customer| customer.join().expect("no panic"));
        done.collect::<Result<Vec<_>>>().map(|sales| sales.into_iter().flatten().collect())
    })?;

    let complete = sold.iter().filter(|sale| matches!(sale, Sale::Order)).count();
    let short = sold.len() - complete;
    let orders = shop.db.lrange("orders", ..)?;
    assert_eq!(orders.len(), complete, "each sale is in the books once");
    for (article, before) in ARTICLES {
        let left = shop.left(article)?;
        let bought: i64 = orders.iter().map(|order| count_in(order, article)).sum();
        assert!(left >= 0, "nothing is sold that is not there");
        assert_eq!(left + bought, before, "nothing is lost");
        println!("{article}: {bought} sold, {left} left");
    }
    println!("{complete} orders; {short} customers found a shelf empty");
    Ok(())
}

/// What came of a visit.
#[derive(Debug)]
enum Sale {
    Order,
    OutOfStock,
}

type Basket = BTreeMap<&'static str, i64>;

struct Shop {
    db: Db,
}

impl Shop {
    /// Sells all of a basket, or nothing of it.
    fn buy(&self, customer: usize, basket: &Basket) -> Result<Sale> {
        let shelves = basket.keys().map(|article| stock(article));
        self.db.retry(ATTEMPTS, shelves, |watch| {
            for (article, count) in basket {
                if self.left(article)? < *count {
                    // Dropped, the watch is over.
                    return Ok(Sale::OutOfStock);
                }
            }
            let order = paid_order(customer, basket);
            watch.commit_with(["orders"], |tx| {
                for (article, count) in basket {
                    tx.incr_by(stock(article), -count)?;
                }
                tx.rpush("orders", [&order])?;
                Ok(Sale::Order)
            })
        })
    }

    /// How many of an article are on the shelf.
    fn left(&self, article: &str) -> Result<i64> {
        let Some(count) = self.db.get(stock(article))? else { return Ok(0) };
        let count = std::str::from_utf8(&count).ok().and_then(|count| count.parse().ok());
        count.ok_or(Error::NotInteger)
    }
}

fn stock(article: &str) -> String {
    format!("stock:{article}")
}

/// What takes long: the customer pays.
fn paid_order(customer: usize, basket: &Basket) -> String {
    std::thread::yield_now();
    let lines: Vec<_> =
        basket.iter().map(|(article, count)| format!("{article}={count}")).collect();
    format!("customer-{customer} {}", lines.join(" "))
}

/// How many of an article an order names.
fn count_in(order: &[u8], article: &str) -> i64 {
    let order = String::from_utf8_lossy(order);
    let lines = order.split(' ').filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == article).filter_map(|(_, n)| n.parse::<i64>().ok()).sum()
}

/// What a customer wants this time.
fn basket(customer: usize, visit: usize) -> Basket {
    let pick = |i: usize| ARTICLES[(customer + visit * i) % ARTICLES.len()].0;
    [(pick(1), 1), (pick(2), 2)].into_iter().collect()
}
