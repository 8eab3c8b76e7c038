const attempts = 3

/** A serialization failure and a deadlock: PostgreSQL rolled the transaction back, and asks for it to be run again. */
const isConflict = (error: unknown): boolean => ['40001', '40P01'].includes(String((error as { code?: unknown }).code))

/** Runs a whole transaction again when it lost against another one; after the last attempt the conflict is thrown. */
export async function retryConflicts<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction()
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error
    }
  }
}
