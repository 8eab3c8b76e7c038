import classes from './setup-steps.module.css'

const steps = ['Your account', 'Your organization', 'Your first token', 'Try it']

export function SetupSteps({ current }: { current: number }) {
  return (
    <ol className={classes.steps}>
      {steps.map((step, index) => (
        <li
          key={step}
          className={classes.step}
          aria-current={index === current ? 'step' : undefined}
          data-done={index < current}
        >
          {step}
        </li>
      ))}
    </ol>
  )
}
